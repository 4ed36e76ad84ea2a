/** Chunks of bytes to lines, in bounded memory. */

/** An osquery batch of a thousand rows has half a megabyte; a line of more than this is passed over. Bytes. */
export const MOST_LINE_BYTES = 4 * 1024 * 1024;

const NEWLINE = 0x0a;

export interface Line {
  /** Counted from 1. */
  number: number;
  /** Without its end; undefined when it was too long to keep. Valid until the next chunk is given. */
  bytes: Buffer | undefined;
}

export class Lines {
  private number = 1;
  private held: Buffer[] = [];
  private length = 0;

  /** The lines that end in this chunk; what is left waits for the next. */
  *of(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield this.take(chunk.subarray(start, end));
      start = end + 1;
    }
    // The reader uses its buffer again.
    this.hold(Buffer.from(chunk.subarray(start)));
  }

  /** The last line, where it has no end; numbers begin anew. */
  *end(): Generator<Line> {
    if (this.length > 0) yield this.take(Buffer.alloc(0));
    this.number = 1;
  }

  private take(rest: Buffer): Line {
    this.length += rest.length;
    const isKept = this.length <= MOST_LINE_BYTES;
    const bytes = this.held.length === 0 ? rest : Buffer.concat([...this.held, rest]);
    const line = { number: this.number, bytes: isKept ? bytes : undefined };
    this.number += 1;
    this.held = [];
    this.length = 0;
    return line;
  }

  private hold(rest: Buffer): void {
    this.length += rest.length;
    if (this.length > MOST_LINE_BYTES) this.held = [];
    else if (rest.length > 0) this.held.push(rest);
  }
}
