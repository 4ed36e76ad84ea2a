/**
 * Units for whose properties systemd would read files for seconds or hours, in which its first process does nothing else: for the state of a unit's file it reads the file
 * and its drop-ins anew, and for the preset all presets (systemd.preset(5)).
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '../model/event.ts';
import { bytesOfText } from '../model/text.ts';
import { unitDirectories } from './directories.ts';
import { namesOrNone } from './names.ts';
import type { PasswdEntry } from './passwd.ts';
import { isSlowToRead, templateOf } from './units.ts';

const PRESETS = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'];

export interface SlowFiles {
  /** By the name of the unit or template. */
  units: ReadonlyMap<string, string>;
  /** That every unit is looked for in. */
  preset?: string;
}

/** Those of the system's manager, or of a user's. */
export function slowFiles(user?: PasswdEntry): SlowFiles {
  const scope = user === undefined ? 'system' : 'user';
  const preset = slowPreset(scope);
  const units = new Map<string, string>();
  const looked = new Set<string>();
  for (const directory of unitDirectories(user === undefined ? [] : [user])) {
    // /lib is a link to /usr/lib on most hosts.
    const real = realPathOf(directory.path);
    if (directory.kind !== 'units' || directory.scope !== scope || real === undefined || looked.has(real)) continue;
    looked.add(real);
    for (const name of namesOrNone(directory.path)) {
      const path = join(directory.path, name);
      const slow = name.endsWith('.d') ? slowIn(path)[0] : isSlow(path) ? path : undefined;
      if (slow !== undefined) units.set(name.replace(/\.d$/, ''), slow);
    }
  }
  return { units, ...(preset === undefined ? {} : { preset }) };
}

export function slowPreset(scope: Scope): string | undefined {
  return PRESETS.flatMap((above) => slowIn(`${above}/systemd/${scope}-preset`))[0];
}

/** What would be read for it. */
export function slowFileOf(unit: string, { units, preset }: SlowFiles): string | undefined {
  return units.get(unit) ?? units.get(templateOf(unit)) ?? preset;
}

/** undefined where there is none. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(bytesOfText(path));
  } catch {
    return undefined;
  }
}

function slowIn(directory: string): string[] {
  return namesOrNone(directory).map((name) => join(directory, name)).filter(isSlow);
}

function isSlow(path: string): boolean {
  return isSlowToRead([bytesOfText(path)]);
}
