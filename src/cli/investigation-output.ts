/** An investigation for people: each step as a table or as records, the verdict, the indicators. */
import { pathWord } from '../host/names.ts';
import { pathBytes, shownPath } from '../model/event.ts';
import { defang } from '../model/defang.ts';
import { printable, shorten, textOfBytes } from '../model/text.ts';
import type { InvestigatedStep, Investigation } from '../investigate/index.ts';
import { makerText } from './alert-text.ts';
import type { Context } from './context.ts';
import type { Output, Style } from './output.ts';
import { movesCursor } from './terminal.ts';

/** Rows of one answer shown to a person; --json has all. */
const SHOWN_ROWS = 20;
/** Characters of a warning, a sign or a reason: what an attacker wrote into a unit may stand in it, a schedule of 100,000 for one. */
const MOST_OF_A_TEXT = 500;
/** Indicators of a kind. */
const SHOWN_INDICATORS = 20;
/** More columns than this nobody reads side by side. */
const MOST_COLUMNS = 7;

export function showHeading({ out }: Context, event: Investigation['event'], title: string, engine: string): void {
  out.line(out.paint('bold', printable(title)));
  out.line(`file     ${shownPath(event)} (${event.event.action}, ${event['@timestamp']})`);
  out.line(`by       ${makerText(event)}`);
  out.line(`engine   ${engine}`);
}

export function showStep({ out }: Pick<Context, 'out'>, step: InvestigatedStep, shown = SHOWN_ROWS): void {
  out.line();
  out.line(out.paint('bold', `${step.id}. ${printable(step.title)}`));
  if (step.kind === 'task') {
    const by = step.checks.length === 0 ? '' : ` (${step.needs_person === null ? 'done by' : 'see'} ${step.checks.map(printable).join(', ')})`;
    out.line(step.needs_person === null ? `  done${by}` : `  for you to do${by}`);
    return;
  }
  for (const repair of step.repairs) out.line(`  repaired: ${said(repair)}`);
  for (const warning of step.warnings) out.line(out.paint('yellow', `  warning: ${said(warning)}`));
  if (step.skipped !== null) out.line(out.paint('yellow', `  skipped: ${said(step.skipped)}`));
  else if (step.error !== null) out.line(out.paint('red', `  failed: ${said(step.error)}`));
  else if (step.rows.length === 0) out.line('  no rows');
  else showRows(out, step, shown);
  for (const { weight, text } of step.signs) out.line(out.paint(COLOURS[weight], `  ${SIGN_WORDS[weight]}: ${said(text)}`));
}

/** As a person is told it. */
export function said(text: string): string {
  return shorten(text, MOST_OF_A_TEXT);
}

const COLOURS: Record<InvestigatedStep['signs'][number]['weight'], Style> = { strong: 'red', weak: 'yellow', harmless: 'green' };
const SIGN_WORDS = { strong: 'suspicious', weak: 'noteworthy', harmless: 'harmless' };

function showRows(out: Output, { columns, rows, kind }: InvestigatedStep, shown: number): void {
  const some = kind === 'check' && columns.length === 2 ? rows : rows.slice(0, shown);
  const used = kind === 'check' ? columns.filter((column) => rows.some((row) => row[column] !== '')) : columns;
  const cells = some.map((row) => used.map((column) => said(row[column] ?? '')));
  if (kind === 'check' && used.length > MOST_COLUMNS) out.records(used, cells);
  else out.table(used, cells);
  if (rows.length > some.length) out.line(`  … ${rows.length - some.length} more rows`);
}

export function showSummary({ out }: Context, result: Investigation): void {
  showIndicators(out, result);
  out.line();
  const { level, reasons } = result.verdict;
  out.line(out.paint(level === 'explained' ? 'green' : level === 'unclear' ? 'yellow' : 'red', `Verdict: ${level}`));
  for (const reason of [...reasons, ...result.guide.problems]) out.line(`  - ${said(reason)}`);
  const target = result.alert ?? `--file ${pathWord(textOfBytes(pathBytes(result.event)))}`;
  out.line(`Next: ${out.program} respond ${target} --dry-run`);
}

/** What could be blocked or searched for, as it can be shown. */
function showIndicators(out: Output, { indicators }: Investigation): void {
  const network = [...indicators.urls, ...indicators.domains, ...indicators.addresses];
  if (network.length + indicators.hashes.length === 0) return;
  out.line();
  out.line(out.paint('bold', 'Indicators (defanged; --json has them as they are)'));
  for (const value of network.slice(0, SHOWN_INDICATORS)) out.line(`  ${printable(defang(value))}`);
  for (const hash of indicators.hashes.slice(0, SHOWN_INDICATORS)) out.line(`  sha256 ${printable(hash)}`);
  const left = Math.max(0, network.length - SHOWN_INDICATORS) + Math.max(0, indicators.hashes.length - SHOWN_INDICATORS);
  if (left > 0) out.line(`  … ${left} more`);
}

export interface Progress {
  show(text: string): void;
  clear(): void;
}

/** A line on stderr that the next one replaces; nothing where stderr is no terminal, or one that cannot replace a line. */
export function createProgress(stderr: NodeJS.WriteStream = process.stderr): Progress {
  if (!stderr.isTTY || !movesCursor()) return { show: () => undefined, clear: () => undefined };
  return {
    show: (text) => void stderr.write(`\r\u001b[K${shorten(text, Math.max(10, (stderr.columns || 80) - 1))}`),
    clear: () => void stderr.write('\r\u001b[K'),
  };
}
