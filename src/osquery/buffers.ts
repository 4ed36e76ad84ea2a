/** The memory of answers, used again once they were sent: V8 counts the memory of buffers, and with new ones it would collect garbage at every large answer. */

/** Of each of them, in bytes. */
export const BUFFER_BYTES = 96 * 1024;
/** As many as wait for the other side at a time. */
const MOST_SPARE = 16;

const spare: Buffer[] = [];

export function takeBuffer(): Buffer {
  return spare.pop() ?? Buffer.from(new ArrayBuffer(BUFFER_BYTES));
}

/** Nobody may read it, or what it is part of, any more. One that did not come from here is left to the garbage. */
export function giveBack(bytes: Buffer): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== BUFFER_BYTES || spare.length >= MOST_SPARE) return;
  spare.push(bytes.length === BUFFER_BYTES ? bytes : Buffer.from(buffer));
}
