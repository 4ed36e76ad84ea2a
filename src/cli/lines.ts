/** Lines of a stream with a bound for each: one that is longer is said, not kept, and the next ones come. */
import type { Readable } from 'node:stream';

export interface Line {
  /** From 1. */
  number: number;
  /** Undefined for a line that is longer than the bound. */
  text: string | undefined;
}

const NEWLINE = 0x0a;

/** `mostBytes` a line, its end not counted. Bytes that are no UTF-8 read U+FFFD; a BOM and a carriage return at the end are taken off. `failure` is what is thrown when the stream fails. */
export async function* boundedLines(input: Readable, mostBytes: number, failure: (error: unknown) => Error): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const end = (): Line => {
    number += 1;
    const text = length > mostBytes ? undefined : textOf(Buffer.concat(parts), number === 1);
    parts = [];
    length = 0;
    return { number, text };
  };
  const keep = (part: Buffer): void => {
    length += part.length;
    if (length > mostBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  for await (const chunk of chunksOf(input, failure)) {
    let start = 0;
    for (let found = chunk.indexOf(NEWLINE); found >= 0; found = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, found));
      yield end();
      start = found + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield end();
}

async function* chunksOf(input: Readable, failure: (error: unknown) => Error): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw failure(error);
  }
}

function textOf(line: Buffer, isFirst: boolean): string {
  const text = line.toString();
  return (isFirst ? text.replace(/^\ufeff/, '') : text).replace(/\r$/, '');
}
