/** Events that another sensor made, judged and stored like our own: `tickward watch --from`. It holds no lock, so that it works beside a sensor. */
import { hash } from 'node:crypto';
import { unitOfPath } from '../host/unit-of.ts';
import { readLine, type Imported } from '../ingest/index.ts';
import { messageOf } from '../model/errors.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import { printable, textOfBytes } from '../model/text.ts';
import { createDetector, type Detector } from '../rule/detect.ts';
import { createExceptionOf } from '../rule/exceptions.ts';
import type { Rule } from '../rule/load.ts';
import type { Store } from '../store/index.ts';
import { createKeeper } from '../store/keeper.ts';
import type { Retention } from '../store/retention.ts';
import type { Notice } from './index.ts';
import { Lines, MOST_LINE_BYTES, type Line } from './lines.ts';
import type { Piece } from './tail.ts';

export interface FromOptions {
  store: Store;
  rules: readonly Rule[];
  retention: Retention;
  /** What it is called in messages: a path, or stdin. */
  name: string;
  pieces: AsyncIterable<Piece>;
  /** Those that the store did not have yet. */
  onAlert: (alert: Alert) => void;
  onNotice: (notice: Notice) => void;
}

export interface Counts {
  lines: number;
  /** Changes of unit files, and of others that alerted: these are stored. */
  stored: number;
  /** Changes of other files: judged, not stored. */
  elsewhere: number;
  /** Lines that tell of no change of a file. */
  other: number;
  /** Lines that were not understood. */
  bad: number;
  alerts: number;
  /** Alerts that were in the store before. */
  known: number;
  /** Matches that an exception covers: they count among no alerts. */
  suppressed: number;
}

/** Events in one transaction at most. */
const TOGETHER = 500;

/** Lines that are not understood are named one by one up to here, then only at 100, 1,000 and so on. */
const NAMED = 20;

/** Resolves at the end of the pieces. Throws STATE when the store takes nothing more: what was read before is stored, and reading again doubles nothing. */
export async function importFrom(options: FromOptions): Promise<Counts> {
  const keeper = createKeeper(options.store, options.retention, options.onNotice);
  const importing = new Importing(options, (count) => keeper.stored(count));
  try {
    for await (const piece of options.pieces) importing.take(piece);
    importing.end();
    return importing.counts;
  } finally {
    keeper.close();
  }
}

class Importing {
  readonly counts: Counts = { lines: 0, stored: 0, elsewhere: 0, other: 0, bad: 0, alerts: 0, known: 0, suppressed: 0 };
  private readonly options: FromOptions;
  private readonly onStored: (count: number) => void;
  private readonly detector: Detector;
  private readonly lines = new Lines();
  private readonly bounded = new Set<string>();
  private events: FileEvent[] = [];
  private alerts: Alert[] = [];

  constructor(options: FromOptions, onStored: (count: number) => void) {
    this.options = options;
    this.onStored = onStored;
    const exceptionOf = createExceptionOf(() => options.store.exceptions.all());
    // By our clock: an exception that is over covers nothing any more, whatever time another host gives its events.
    this.detector = createDetector(options.rules, ({ rule, given }) => this.tellBound(rule.name, given), (rule, event) => exceptionOf(rule, event, Date.now()));
  }

  take(piece: Piece): void {
    if (piece === 'other') for (const line of this.lines.end()) this.read(line);
    else if (piece !== 'end') for (const line of this.lines.of(piece)) this.read(line);
    this.store();
  }

  end(): void {
    for (const line of this.lines.end()) this.read(line);
    this.store();
  }

  private read({ number, bytes }: Line): void {
    this.counts.lines += 1;
    if (bytes === undefined) {
      this.tellBad(number, `longer than ${MOST_LINE_BYTES / 1024 ** 2} MiB`);
      return;
    }
    const text = textOfBytes(bytes);
    if (text.trim() === '') return;
    try {
      const imported = readLine(text, { unitOf: unitOfPath, digest: (line) => hash('sha256', line).slice(0, 32) });
      if (imported.length === 0) this.counts.other += 1;
      for (const each of imported) this.judge(each);
    } catch (error) {
      // Documents that are nested without end exhaust the stack of whoever walks them.
      this.tellBad(number, error instanceof RangeError ? 'nested too deeply' : messageOf(error));
    }
    if (this.events.length >= TOGETHER) this.store();
  }

  /** `max_signals` counts by the time of the events: the same log gives the same alerts however fast, and how often, it is read. */
  private judge({ event, document }: Imported): void {
    const alerts = this.detector.judge(event, Date.parse(event['@timestamp']), document);
    const now = new Date().toISOString();
    this.alerts.push(...alerts.map((alert) => ({ ...alert, '@timestamp': now })));
    if (alerts.length === 0 && unitOfPath(event.file.path) === undefined) this.counts.elsewhere += 1;
    else this.events.push(event);
  }

  private store(): void {
    const [events, alerts] = [this.events, this.alerts];
    if (events.length === 0) return;
    const fresh = [...new Map(alerts.map((alert) => [alert.id, alert])).values()].filter(({ id }) => this.options.store.alerts.get(id) === undefined);
    [this.events, this.alerts] = [[], []];
    try {
      this.options.store.events.append(events, [], fresh);
      this.counts.stored += events.length;
      this.onStored(events.length);
    } finally {
      // An alert is shown also where it cannot be stored; not so where an exception covers it.
      const [found, shown] = [alerts.filter(isShown), fresh.filter(isShown)];
      this.counts.alerts += found.length;
      this.counts.known += found.length - shown.length;
      this.counts.suppressed += alerts.length - found.length;
      for (const alert of shown) this.options.onAlert(alert);
    }
  }

  private tellBad(line: number, why: string): void {
    this.counts.bad += 1;
    const count = this.counts.bad;
    const more = count === NAMED ? '; of those that follow only some are named' : count > NAMED ? ` (${count} such lines by now)` : '';
    if (count <= NAMED || /^10+$/.test(String(count))) this.options.onNotice({ level: 'warn', message: `${printable(this.options.name)}, line ${line} is passed over: ${printable(why)}${more}` });
  }

  private tellBound(rule: string, given: number): void {
    if (this.bounded.has(rule)) return;
    this.bounded.add(rule);
    this.options.onNotice({ level: 'warn', message: `the rule ${rule} gave its ${given} alerts of an interval, by the time of the events: what else it matches in one gives none, tickward events shows all` });
  }
}

function isShown({ suppressed_by }: Alert): boolean {
  return suppressed_by === undefined;
}
