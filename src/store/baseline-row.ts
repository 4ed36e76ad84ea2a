/** A batch of changes of what is known, as a row of the log. */
import type { Signature } from '../model/baseline.ts';

/** What a row says of a folder. With `reset`, what was known of it before does not count any more. */
type FolderChange = [folder: string, present: 0 | 1, reset: 0 | 1, there: string[], gone: string[]];

const SIGNATURE_BYTES = 16;

/** What a batch says of a folder: the last of each name, undefined when it is gone. */
export interface Change {
  present: boolean;
  reset: boolean;
  names: Map<string, Signature | undefined>;
}

export type Changes = Map<string, Change>;

export function encode(changes: Changes): { folders: string; signatures: Uint8Array } {
  const folders: FolderChange[] = [];
  let count = 0;
  for (const { names } of changes.values()) count += names.size;
  const bytes = new DataView(new ArrayBuffer(count * SIGNATURE_BYTES));
  let at = 0;
  for (const [folder, { present, reset, names }] of changes) {
    const there: string[] = [];
    const gone: string[] = [];
    // No loop over its entries, which would make an array of each.
    names.forEach((signature, name) => {
      if (signature === undefined) {
        gone.push(name);
        return;
      }
      there.push(name);
      bytes.setBigUint64(at, signature.inode, true);
      bytes.setBigInt64(at + 8, signature.changed, true);
      at += SIGNATURE_BYTES;
    });
    folders.push([folder, present ? 1 : 0, reset ? 1 : 0, there, gone]);
  }
  return { folders: JSON.stringify(folders), signatures: new Uint8Array(bytes.buffer, 0, at) };
}

export function decode(row: Record<string, unknown>): Changes {
  const changes: Changes = new Map();
  const { signatures } = row;
  if (!(signatures instanceof Uint8Array)) return changes;
  const bytes = new DataView(signatures.buffer, signatures.byteOffset, signatures.byteLength);
  let at = 0;
  for (const [folder, present, reset, there, gone] of JSON.parse(String(row['folders'])) as FolderChange[]) {
    const names: Change['names'] = new Map();
    for (const name of there) {
      names.set(name, { inode: bytes.getBigUint64(at, true), changed: bytes.getBigInt64(at + 8, true) });
      at += SIGNATURE_BYTES;
    }
    for (const name of gone) names.set(name, undefined);
    changes.set(folder, { present: present === 1, reset: reset === 1, names });
  }
  return changes;
}
