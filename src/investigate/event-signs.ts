/** What the event itself tells: who made the file, from where, how. */
import { legiblePath, type FileEvent } from '../model/event.ts';
import type { Indicators, Sign } from './result.ts';

/** Where everyone may make files. A directory below may belong to one user alone: what is said is where it lies. */
const FOR_EVERYONE = /^(\/tmp|\/var\/tmp|\/dev\/shm)\//;
const FETCHES = /\b(?:curl|wget|nc|ncat|socat|base64)\b|\/dev\/(?:tcp|udp)\/|https?:\/\//;

export function* eventSigns({ process: by, file, tickward }: FileEvent): Iterable<Sign> {
  const [, programRoot] = FOR_EVERYONE.exec(by?.executable ?? '') ?? [];
  if (programRoot !== undefined) yield { id: 'maker-from-where-all-may-write', weight: 'strong', text: `the program that made it lies below ${programRoot}, where everyone may write: ${by?.executable}` };
  // Linux gives every symlink the mode 0777 and never looks at it.
  if (file.type !== 'symlink' && file.mode !== undefined && /[2367]$/.test(file.mode)) yield { id: 'anyone-may-write', weight: 'strong', text: `anyone may write the file (mode ${file.mode})` };
  if (tickward.attribution_note?.includes('deleted') === true) yield { id: 'maker-deleted', weight: 'weak', text: 'the program that made it was deleted while it ran' };
  if (by?.command_line !== undefined && FETCHES.test(by.command_line)) yield { id: 'maker-fetches', weight: 'weak', text: 'its command line fetches from or talks to the network, or decodes' };
  const [, directoryRoot] = FOR_EVERYONE.exec(`${by?.working_directory ?? ''}/`) ?? [];
  if (directoryRoot !== undefined) yield { id: 'maker-worked-where-all-may-write', weight: 'weak', text: by?.working_directory === directoryRoot ? `it ran in ${directoryRoot}, where everyone may write` : `it ran below ${directoryRoot}, where everyone may write: ${by?.working_directory}` };
}

export function eventIndicators(event: FileEvent): Indicators {
  const present = (value: string | undefined): string[] => (value === undefined ? [] : [value]);
  return {
    paths: [legiblePath(event)],
    hashes: present(event.file.hash?.sha256),
    executables: present(event.process?.executable),
    command_lines: present(event.process?.command_line),
    users: present(event.user?.name ?? event.user?.id),
    urls: [],
    domains: [],
    addresses: [],
  };
}
