/** Chunks of bytes to lines, in bounded memory. */

/** An osquery batch of a thousand rows has half a megabyte; a line of more than this is passed over. Bytes. */
export const MOST_LINE_BYTES = 4 * 1024 * 1024;

const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

export interface Line {
  /** Counted from 1. */
  number: number;
  /** Without its end; undefined when it was too long to keep. Valid until the next chunk is given. */
  bytes: Buffer | undefined;
}

export class Lines {
  private number = 1;
  /** Begins with what came of a line so far: one buffer, since whoever writes may do so byte by byte. */
  private held = NOTHING;
  /** Of that line, also where it is too long to be held. */
  private length = 0;

  /** The lines that end in this chunk; what is left waits for the next. */
  *of(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield this.take(chunk.subarray(start, end));
      start = end + 1;
    }
    this.hold(chunk.subarray(start));
  }

  /** The last line, where it has no end; numbers begin anew. */
  *end(): Generator<Line> {
    if (this.length > 0) yield this.take(NOTHING);
    this.number = 1;
  }

  private take(rest: Buffer): Line {
    const length = this.length + rest.length;
    let bytes = rest;
    if (this.length > 0) {
      this.hold(rest);
      bytes = this.held.subarray(0, length);
    }
    const line = { number: this.number, bytes: length <= MOST_LINE_BYTES ? bytes : undefined };
    this.number += 1;
    this.held = NOTHING;
    this.length = 0;
    return line;
  }

  /** A copy: the reader uses its buffer again. */
  private hold(rest: Buffer): void {
    const length = this.length + rest.length;
    if (length > MOST_LINE_BYTES) this.held = NOTHING;
    else {
      if (length > this.held.length) this.held = Buffer.concat([this.held.subarray(0, this.length)], Math.min(Math.max(length, this.length * 2), MOST_LINE_BYTES));
      rest.copy(this.held, this.length);
    }
    this.length = length;
  }
}
