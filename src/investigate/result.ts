/**
 * What an investigation gives: the document that `tickward investigate --json` prints and that reports are made from.
 * It may grow; what is here keeps its name and meaning. Texts may hold anything that an attacker wrote: escape them where they are shown (`printable`).
 * Times are ISO 8601 UTC; null is "not known" or "there is none".
 */
import type { FileEvent } from '../model/event.ts';

export interface Investigation {
  /** Id of the alert; null when a file was named. */
  alert: string | null;
  event: FileEvent;
  guide: { title: string; problems: string[] };
  /** What answered the SQL. */
  engine: string;
  /** When it began, and how long it took in milliseconds. */
  started: string;
  took_ms: number;
  verdict: Verdict;
  /** In the order of the guide, the checks at the place where the guide asks for them, else at the end. */
  steps: InvestigatedStep[];
  indicators: Indicators;
  /** Oldest first. */
  timeline: Moment[];
  /** The maker of the file, its ancestors, and what the unit runs now. A tree by `ppid`. */
  processes: ProcessNode[];
}

/** `query` SQL of the guide, `check` something that Tickward looked at by itself, `task` text of the guide, `broken` a block of the guide that cannot be read. */
export type StepKind = 'query' | 'check' | 'task' | 'broken';

export interface InvestigatedStep {
  /** Of a step of the guide its number (`4`, and `4b` for a second run with other values), of a check its name (`chain`). */
  id: string;
  title: string;
  kind: StepKind;
  /** The heading of the guide above it; of checks that the guide does not ask for one of our own. */
  section: string;
  sql: string | null;
  /** What answered the SQL; null where there was none to answer. */
  engine: string | null;
  /** In the order in which they are shown. */
  columns: string[];
  rows: Record<string, string>[];
  /** What was mended in the SQL, in words. */
  repairs: string[];
  /** What could not be read or was left out. */
  warnings: string[];
  /** Why it was not done. */
  skipped: string | null;
  error: string | null;
  /** What a person has to do or decide; null where the program did it. */
  needs_person: string | null;
  /** Of a task: ids of the checks that answer it, or help the person to. */
  checks: string[];
  /** Of a task: what the person said, in an interactive run. */
  answer: Answer | null;
  /** What of this speaks for an attack, or for a harmless reason. */
  signs: Sign[];
}

export type Answer = 'fine' | 'suspicious' | 'not-looked-at';

/**
 * `strong` hardly ever has a harmless reason, `weak` often has one, `harmless` is a reason to believe that nobody attacked.
 */
export type Weight = 'strong' | 'weak' | 'harmless';

export interface Sign {
  /** Stays the same whatever the text says: for translations and conditions. */
  id: string;
  weight: Weight;
  text: string;
}

/**
 * From the least to the most suspicious. None of them says that nothing happened or that something certainly did.
 * - `explained`: everything that the unit is made of belongs to packages and is as they installed it, every check was done, and nothing speaks against it.
 * - `unclear`: nothing speaks for an attack, or too little is known.
 * - `suspicious`: a strong sign, or a weak one.
 * - `highly-suspicious`: strong signs from at least two different places (the event, a check, a person).
 */
export type Level = 'explained' | 'unclear' | 'suspicious' | 'highly-suspicious';

export interface Verdict {
  level: Level;
  /** The texts of the signs that count for it, strong ones first, then what is not known. */
  reasons: string[];
  /** Signs of the event and of all checks, with where each is from: `event`, or the id of a step. */
  signs: (Sign & { from: string })[];
  /** What could not be found out, in words. */
  open: string[];
}

/** As they are, to block or to search for; `defang` (model/defang.ts) makes them safe to show. */
export interface Indicators {
  paths: string[];
  /** SHA-256. */
  hashes: string[];
  executables: string[];
  command_lines: string[];
  users: string[];
  urls: string[];
  domains: string[];
  addresses: string[];
}

export interface Moment {
  time: string;
  kind: 'event' | 'alert' | 'file' | 'package' | 'login' | 'process' | 'run';
  what: string;
  /** The moment that the investigation is about. */
  subject?: true;
}

export interface ProcessNode {
  pid: number;
  /** null where it is not known, as for the last of the ancestors. */
  ppid: number | null;
  name: string | null;
  executable: string | null;
  command_line: string | null;
  user: string | null;
  started: string | null;
  /** `maker` made the file, `ancestor` is above it, `descendant` below it, `unit` runs in the unit's control group, `chain` runs a file that the unit runs. */
  role: 'maker' | 'ancestor' | 'descendant' | 'unit' | 'chain';
  /** Whether it is there now. */
  alive: boolean;
  /** `tcp 10.0.0.1:4444 ESTABLISHED`, remote ends first. */
  connections: string[];
}
