/** What the removal of a timer consists of: operations that are planned, and changes that the journal keeps for the undo. */
import { z } from 'zod';
import type { FileState } from '../host/files.ts';
import type { Original } from '../host/package-original.ts';
import type { PlanStep } from './action.ts';
import { attributesChange, keptFile, owned, path, xattrs } from './journal-forms.ts';
import { managerId, type Manager } from './manager.ts';

/** One thing to do; its words stand in the plan and in the journal alike. */
export type Operation = PlanStep &
  (
    | { kind: 'freeze'; manager: Manager; unit: string; cgroup: string }
    /** `last` of its manager: all of them come about by one reload. */
    /** Where it answers nobody: what it knows of the units is asked, once it goes on. */
    | { kind: 'wake'; manager: Manager; units: string[] }
    | { kind: 'mask'; manager: Manager; unit: string; active: boolean; last: boolean }
    | { kind: 'unmask'; manager: Manager; units: string[] }
    | { kind: 'stop'; manager: Manager; unit: string; active: boolean; cgroup: string; invocation: string }
    /** In place of a stop of each, where the manager answered nobody. */
    | { kind: 'end'; manager: Manager; units: string[] }
    | { kind: 'attributes'; path: Buffer; flags: string }
    | { kind: 'file'; path: Buffer; state: FileState; sha256: string }
    | { kind: 'aside'; path: Buffer; state: FileState }
    | { kind: 'link'; path: Buffer; leadsTo: Buffer }
    | { kind: 'directory'; path: Buffer }
    | { kind: 'original'; path: Buffer; original: Original }
    | { kind: 'reload'; manager: Manager; forget: string[]; restart: string[] }
    /** `directories`: where generators put what they make. */
    | { kind: 'regenerate'; manager: Manager; directories: string[] }
  );

export interface Removal {
  /** Who loads the units. */
  managers: readonly Manager[];
  operations: Operation[];
  /** Units that must be gone afterwards; empty where only a file is taken away. */
  units: string[];
  /** Those of the units of which there was anything. */
  present: string[];
  /** Other names of what is taken away, in words: they stay. */
  otherNames: string[];
  /** Files that stay although they make one of the units, and directories of files that apply to others as well. */
  kept: Buffer[];
  /** Those of them that are only masked, so that their units are not gone. */
  staying: Buffer[];
  /** Whether the units have to be masked afterwards. */
  keepMask: boolean;
  /** Where the units were looked for. */
  directories: string[];
  cgroups: string[];
}

export function noRemoval(directories: string[], managers: readonly Manager[] = []): Removal {
  return { managers, operations: [], units: [], present: [], otherNames: [], kept: [], staying: [], keepMask: false, directories, cgroups: [] };
}

/** Changes as the journal keeps them. */
export const removalChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('freeze'), manager: managerId, unit: z.string(), cgroup: z.string() }),
  /** Recorded before, and once more with what was active for it. */
  z.strictObject({ kind: z.literal('wake'), manager: managerId, active: z.array(z.string()) }),
  /** `active`: a timer that is masked while it is active fails at the next reload, and is started again on undo. */
  z.strictObject({ kind: z.literal('mask'), manager: managerId, unit: z.string(), active: z.boolean(), at: path, made_directory: z.boolean() }),
  z.strictObject({ kind: z.literal('unmask'), manager: managerId, units: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('stop'), manager: managerId, unit: z.string(), active: z.boolean() }),
  attributesChange,
  /** `names`: how many the file had, where it was more than this one. */
  z.strictObject({ kind: z.literal('file'), ...keptFile, names: z.exactOptional(z.int()) }),
  /** A file that is there under another name; `inode`: its number. */
  z.strictObject({ kind: z.literal('aside'), at: path, to: path, inode: z.string() }),
  z.strictObject({ kind: z.literal('link'), at: path, target: path, owned: owned }),
  z.strictObject({ kind: z.literal('directory'), at: path, owned: owned, xattrs: xattrs }),
  /** What the package has, put where the changed file was. */
  z.strictObject({ kind: z.literal('original'), at: path, sha256: z.string() }),
  z.strictObject({ kind: z.literal('reload'), manager: managerId, restart: z.array(z.string()) }),
  /** `active`: of what generators had made, what could be stopped by their running again. */
  z.strictObject({ kind: z.literal('regenerate'), manager: managerId, active: z.array(z.string()) }),
  /** Recorded after the last file is taken away; `after` is null of a directory that is gone. A removal that is cut off before leaves its own times. */
  z.strictObject({ kind: z.literal('times'), directories: z.array(z.strictObject({ at: path, before: z.string(), after: z.string().nullable() })) }),
]);

export type RemovalChange = z.infer<typeof removalChange>;
