/** Ids of runs: UUID version 7 (RFC 9562), so that they sort by the time of their start. */
import { randomBytes } from 'node:crypto';

let lastTime = 0;

/** Two ids made in the same millisecond by one process sort as well: the later one takes the next millisecond. */
export function newRunId(now: number = Date.now()): string {
  lastTime = Math.max(now, lastTime + 1);
  const bytes = randomBytes(16);
  bytes.writeUIntBE(lastTime, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
