/** What the evidence says, with its reasons. It never clears anyone: `unclear` is the best it says. */
import { legiblePath, type FileEvent } from '../model/event.ts';
import type { InvestigatedStep } from './index.ts';

export interface Verdict {
  level: 'suspicious' | 'unclear';
  reasons: string[];
}

export interface Indicators {
  paths: string[];
  hashes: string[];
  executables: string[];
  command_lines: string[];
  users: string[];
}

/** Where everyone may make files. A directory below may belong to one user alone: what is said is where it lies. */
const FOR_EVERYONE = /^(\/tmp|\/var\/tmp|\/dev\/shm)\//;
const FETCHES = /\b(?:curl|wget|nc|ncat|socat|base64)\b|\/dev\/(?:tcp|udp)\/|https?:\/\//;

export function verdictOf(event: FileEvent, steps: readonly InvestigatedStep[]): Verdict {
  const suspicious = [...suspicionsOf(event)];
  const open: string[] = [];
  if (event.process?.executable === undefined) open.push('the process that made the file is not known');
  else if (event.tickward.attribution === 'inferred') open.push(`the process is inferred: ${event.tickward.attribution_note ?? 'from circumstances'}`);
  const failed = steps.filter((step) => step.error !== null).length;
  const skipped = steps.filter((step) => step.skipped !== null).length;
  if (failed > 0) open.push(`${failed} quer${failed === 1 ? 'y' : 'ies'} failed`);
  if (skipped > 0) open.push(`${skipped} quer${skipped === 1 ? 'y was' : 'ies were'} skipped`);
  const person = steps.filter((step) => step.needs_person !== null).length;
  if (person > 0) open.push(`${person} steps of the guide need a person`);
  return { level: suspicious.length > 0 ? 'suspicious' : 'unclear', reasons: [...suspicious, ...open] };
}

function* suspicionsOf(event: FileEvent): Generator<string> {
  const by = event.process;
  const [, programRoot] = FOR_EVERYONE.exec(by?.executable ?? '') ?? [];
  if (programRoot !== undefined) yield `the program that made it lies below ${programRoot}, where everyone may write: ${by?.executable}`;
  if (event.tickward.attribution_note?.includes('deleted')) yield 'the program that made it was deleted while it ran';
  if (by?.command_line !== undefined && FETCHES.test(by.command_line)) yield 'its command line fetches from or talks to the network, or decodes';
  const [, directoryRoot] = FOR_EVERYONE.exec(`${by?.working_directory ?? ''}/`) ?? [];
  if (directoryRoot !== undefined) yield by?.working_directory === directoryRoot ? `it ran in ${directoryRoot}, where everyone may write` : `it ran below ${directoryRoot}, where everyone may write: ${by?.working_directory}`;
  if (event.file.mode !== undefined && /[2367]$/.test(event.file.mode)) yield `anyone may write the file (mode ${event.file.mode})`;
}

export function indicatorsOf(event: FileEvent): Indicators {
  const present = (value: string | undefined): string[] => (value === undefined ? [] : [value]);
  return {
    paths: [legiblePath(event)],
    hashes: present(event.file.hash?.sha256),
    executables: present(event.process?.executable),
    command_lines: present(event.process?.command_line),
    users: present(event.user?.name ?? event.user?.id),
  };
}
