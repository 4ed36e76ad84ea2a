/** What the report says by itself, in each language. `{name}` stands for a value. */
import type { FileEvent, UnitType } from '../model/event.ts';
import type { Answer, Level, Moment, ProcessNode, StepKind, Weight } from '../investigate/result.ts';

export type Language = 'en' | 'zh-CN';

export interface Words {
  report: string;
  contents: string;
  verdict: string;
  level: Record<Level, { word: string; meaning: string }>;
  story: string;
  /** {program} {pid} {user} {parent} {did} {what} {path} {host} {time} */
  made: string;
  startedBy: string;
  madeByUnknown: string;
  notKnown: string;
  did: Record<FileEvent['event']['action'], string>;
  what: Record<UnitType, string>;
  against: string;
  inFavour: string;
  open: string;
  noSigns: string;
  weight: Record<Weight, string>;
  /** The gloss of a sign, where the language has one. */
  sign: Readonly<Record<string, string>>;
  next: string;
  facts: string;
  fact: Record<'file' | 'target' | 'hash' | 'owner' | 'says' | 'runs' | 'program' | 'command' | 'directory' | 'user' | 'login' | 'attribution' | 'container' | 'alert', string>;
  attribution: Record<FileEvent['tickward']['attribution'], string>;
  timeline: string;
  timelineAbout: string;
  noMoments: string;
  moment: Record<Moment['kind'], string>;
  subject: string;
  /** {count} {time} */
  more: string;
  kind: string;
  processes: string;
  processesAbout: string;
  noProcesses: string;
  role: Record<ProcessNode['role'], string>;
  ended: string;
  pid: string;
  parent: string;
  user: string;
  started: string;
  program: string;
  command: string;
  connections: string;
  steps: string;
  /** {count} */
  stepsAbout: string;
  stepKind: Record<StepKind, string>;
  withoutSection: string;
  query: string;
  engine: string;
  repaired: string;
  warning: string;
  skipped: string;
  failed: string;
  noRows: string;
  rows: string;
  /** {shown} {all} {file} */
  cutRows: string;
  cutOthers: string;
  column: string;
  value: string;
  needsPerson: string;
  answers: Record<Answer, string>;
  answeredBy: string;
  indicators: string;
  indicatorsAbout: string;
  noIndicators: string;
  indicator: Record<'urls' | 'domains' | 'addresses' | 'hashes' | 'paths' | 'executables' | 'command_lines' | 'users', string>;
  about: string;
  guide: string;
  guideProblem: string;
  took: string;
  raw: string;
  escapes: string;
  by: string;
}
