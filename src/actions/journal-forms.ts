/** What entries of the journal have in common, whichever action wrote them. An undo reads those of earlier versions too: what is added to a form is optional. */
import { z } from 'zod';
import type { FileState } from '../host/files.ts';
import { TickwardError } from '../model/errors.ts';
import type { JsonObject } from '../model/journal.ts';
import { printable } from '../model/text.ts';
import type { Change } from './action.ts';

/** A path in JSON: the bytes as well where they are no UTF-8. */
export const path = z.strictObject({ path: z.string(), bytes: z.exactOptional(z.string()) });

export function pathToJson(bytes: Buffer): z.infer<typeof path> {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? { path: text } : { path: text, bytes: bytes.toString('base64') };
}

export function pathFromJson(value: z.infer<typeof path>): Buffer {
  return value.bytes === undefined ? Buffer.from(value.path) : Buffer.from(value.bytes, 'base64');
}

export const owned = z.strictObject({ mode: z.int(), uid: z.int(), gid: z.int(), atime_ns: z.string(), mtime_ns: z.string() });

export function ownedOf(state: FileState): z.infer<typeof owned> {
  const { mode, uid, gid, atime_ns, mtime_ns } = state;
  return { mode, uid, gid, atime_ns, mtime_ns };
}

export const xattrs = z.record(z.string(), z.string());

/** All that makes a file anew from its copy in the quarantine. */
export const keptFile = { at: path, copy: z.strictObject({ file: z.string(), sha256: z.string() }), owned, xattrs };

/** Flags of chattr(1) that are taken off. */
export const attributesChange = z.strictObject({ kind: z.literal('attributes'), at: path, flags: z.string() });
export type AttributesChange = z.infer<typeof attributesChange>;

/** With the words of the plan's step, if it has any left. */
export function worded(text: string | undefined, data: JsonObject): Change {
  return text === undefined ? { data } : { text, data };
}

/** Throws for what is not of this form. */
export function known<Data>(form: z.ZodType<Data>, change: Change): Data {
  const { success, data } = form.safeParse(change.data);
  if (!success) throw new TickwardError('STATE', `the journal has a change that this version does not know: ${printable(change.text ?? '')}`, { hint: 'undo it with the version that made it' });
  return data;
}
