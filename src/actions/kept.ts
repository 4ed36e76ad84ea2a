/** What the journal keeps of a file that is taken away or changed, to give it back. */
import { z } from 'zod';
import type { FileState } from '../host/files.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

/** A path in JSON: the bytes as well where they are no UTF-8. */
export const keptPath = z.strictObject({ path: z.string(), bytes: z.exactOptional(z.string()) });

export function pathToJson(bytes: Buffer): z.infer<typeof keptPath> {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? { path: text } : { path: text, bytes: bytes.toString('base64') };
}

export function pathFromJson(value: z.infer<typeof keptPath>): Buffer {
  return value.bytes === undefined ? Buffer.from(value.path) : Buffer.from(value.bytes, 'base64');
}

/** Whose it was, with its mode and times. */
export const keptOwner = z.strictObject({ mode: z.int(), uid: z.int(), gid: z.int(), atime_ns: z.string(), mtime_ns: z.string() });

export function ownedOf(state: FileState): z.infer<typeof keptOwner> {
  const { mode, uid, gid, atime_ns, mtime_ns } = state;
  return { mode, uid, gid, atime_ns, mtime_ns };
}

export const keptXattrs = z.record(z.string(), z.string());

/** In the quarantine. */
export const keptCopy = z.strictObject({ file: z.string(), sha256: z.string() });

/** Flags of chattr(1) that were taken off. */
export const keptFlags = z.strictObject({ kind: z.literal('attributes'), at: keptPath, flags: z.string() });

/** For a change that no kind fits. `text`: what the journal says of it. */
export function unknownChange(text?: string): TickwardError {
  return new TickwardError('STATE', `the journal has a change that this version does not know${text === undefined ? '' : `: ${printable(text)}`}`, { hint: 'undo it with the version that made it' });
}
