/** The memory of answers, used again once they were sent: V8 counts the memory of buffers, and with new ones it would collect garbage at every large answer. */

/** Of each of them, in bytes. */
export const BUFFER_BYTES = 96 * 1024;
/** As many as wait for the other side at a time. */
const MOST_SPARE = 16;

const spare: ArrayBuffer[] = [];

export function takeBuffer(): Buffer {
  return Buffer.from(spare.pop() ?? new ArrayBuffer(BUFFER_BYTES));
}

/** Nobody may read it, or what is part of it, any more. One that did not come from here is left to the garbage. */
export function giveBack({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === BUFFER_BYTES && spare.length < MOST_SPARE) spare.push(buffer);
}
