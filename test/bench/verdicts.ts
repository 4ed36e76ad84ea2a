/** What the sensor said of each file, held against what those who made it wrote down. */
import type { FileEvent } from '../../src/model/event.ts';
import { appears } from './rows.ts';

/** Written down by the process that started the creator. */
export interface Truth {
  path: string;
  pid: number;
  ppid: number;
  uid: number;
  /** Absolute, without links. */
  executable: string;
  commandLine: string;
}

export const FIELDS = ['pid', 'executable', 'command_line', 'ppid', 'uid'] as const;
export type Field = (typeof FIELDS)[number];
export type Verdict = 'right' | 'wrong' | 'less';

/** `missed`: no event says that the file appeared. */
export type Judgement = { path: string; verdict: Verdict; attribution: string; fields: Record<Field, Verdict> } | { path: string; verdict: 'missed' };

export interface Judged {
  each: Judgement[];
  /** Events that say again that the same file appeared. */
  repeated: number;
}

/** A file is right when each field is, wrong when one field of any of its events is, and less otherwise. */
export function judge(truths: readonly Truth[], events: readonly FileEvent[]): Judged {
  const byPath = Map.groupBy(events, (event) => event.file.path);
  let repeated = 0;
  const each = truths.map((truth): Judgement => {
    const all = byPath.get(truth.path) ?? [];
    const appearances = all.filter((event) => appears(event.event.action));
    const [first] = appearances;
    if (first === undefined) return { path: truth.path, verdict: 'missed' };
    repeated += appearances.length - 1;
    const fields = fieldsOf(truth, first);
    const wrong = all.some((event) => Object.values(fieldsOf(truth, event)).includes('wrong'));
    const verdict = wrong ? 'wrong' : Object.values(fields).includes('less') ? 'less' : 'right';
    return { path: truth.path, verdict, attribution: first.tickward.attribution, fields };
  });
  return { each, repeated };
}

function fieldsOf(truth: Truth, { process, user }: FileEvent): Record<Field, Verdict> {
  return {
    pid: compare(process?.pid, truth.pid),
    executable: compare(process?.executable, truth.executable),
    command_line: compare(process?.command_line, truth.commandLine),
    ppid: compare(process?.parent?.pid, truth.ppid),
    uid: compare(user?.id ?? process?.user?.id, String(truth.uid)),
  };
}

function compare<Value>(said: Value | undefined, is: Value): Verdict {
  if (said === undefined) return 'less';
  return said === is ? 'right' : 'wrong';
}
