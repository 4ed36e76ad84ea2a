import type { KnownFolders, Signature } from '../../src/model/baseline.ts';

/** What is known, as maps that can be compared. */
export function plainly(folders: KnownFolders | undefined): Map<string, Map<string, Signature>> | undefined {
  return folders === undefined ? undefined : new Map([...folders].map(([folder, entries]) => [folder, new Map(entries)]));
}
