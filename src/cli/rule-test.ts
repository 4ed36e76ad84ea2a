/** `tickward rule test`: events judged line by line, in constant memory; a broken line is said and the next ones come. */
import { createReadStream } from 'node:fs';
import { eventIn } from '../ingest/tickward.ts';
import { messageOf, placedMessageOf, TickwardError, unreadable } from '../model/errors.ts';
import { isObject } from '../model/object.ts';
import { printable } from '../model/text.ts';
import { readRules } from '../playbooks/rules.ts';
import { compileEql, type Predicate } from '../rule/evaluate.ts';
import { parseEql } from '../rule/parse.ts';
import { Lines, MOST_LINE_BYTES, type Line } from '../watch/lines.ts';
import { Exit, type Context } from './context.ts';

export interface TestOptions {
  rule?: string;
  query?: string;
}

/** Elasticsearch's limit of nesting in JSON (Jackson's StreamReadConstraints). */
const DEEPEST = 1_000;

type Judge = (event: object) => { match: boolean; rules?: string[] };

export async function testEvents(context: Context, file: string, options: TestOptions): Promise<number> {
  const judge = judgeOf(context, options);
  let broken = 0;
  for await (const line of linesOf(file)) {
    const text = line.bytes?.toString().replace(/^\ufeff/, '').trim();
    if (text === '') continue;
    const result = judged(line.number, text, judge);
    if ('error' in result) {
      broken += 1;
      if (context.out.json) context.out.document(result);
      context.out.progress(`tickward: line ${line.number}: ${printable(result.error)}`);
    } else context.out.document(result);
  }
  return broken === 0 ? Exit.DONE : Exit.FAILED;
}

/** Without a text the line was too long to keep. */
function judged(line: number, text: string | undefined, judge: Judge): { line: number; error: string } | ({ line: number } & ReturnType<Judge>) {
  if (text === undefined) return { line, error: `longer than ${MOST_LINE_BYTES / 1_048_576} MiB: no event is` };
  const event = parseEvent(text);
  return typeof event === 'string' ? { line, error: event } : { line, ...judge(event) };
}

/** With several rules each match says whose it is. */
function judgeOf(context: Context, options: TestOptions): Judge {
  if ((options.rule === undefined) === (options.query === undefined)) throw new TickwardError('USAGE', 'rule test takes either --rule FILE or --query EQL', { hint: 'see tickward rule test --help' });
  if (options.query !== undefined) return single(compileEql(parseEql(options.query), options.query));
  const { rules, errors } = readRules(options.rule ?? '');
  if (rules.length <= 1 && errors.length > 0) throw errors[0];
  for (const error of errors) context.notice({ level: 'warn', message: placedMessageOf(error) });
  const reasons: string[] = [];
  const running = rules.flatMap(({ rule: { id, name, run } }) => {
    if (run.runs) return [{ id, matches: run.matches }];
    reasons.push(run.reason);
    context.notice({ level: 'warn', message: `the rule ${name} is not judged: ${run.reason}` });
    return [];
  });
  const [first] = running;
  if (first === undefined) throw new TickwardError('UNSUPPORTED', rules.length === 1 ? `this rule does not run here: ${reasons[0] ?? ''}` : 'the file has no rule that runs here', { hint: 'rules of type eql over single events run; tickward guide render shows the guide of any' });
  return rules.length === 1 ? single(first.matches) : (event) => {
    const matching = running.filter(({ matches }) => matches(event)).map(({ id }) => id);
    return { match: matching.length > 0, rules: matching };
  };
}

function single(matches: Predicate): Judge {
  return (event) => ({ match: matches(event) });
}

async function* linesOf(file: string): AsyncGenerator<Line> {
  const input: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  const lines = new Lines();
  try {
    for await (const chunk of input) yield* lines.of(chunk);
  } catch (error) {
    throw unreadable(`the events ${printable(file)}`, error);
  }
  yield* lines.end();
}

/** The event, of an alert that about which it is; or what is wrong with the line. */
function parseEvent(text: string): object | string {
  if (isTooDeep(text)) return `nested deeper than ${DEEPEST} levels`;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? eventIn(value) : 'not a JSON object';
  } catch (error) {
    return `no JSON: ${messageOf(error)}`;
  }
}

/** Told from the text: reading what is nested without bound would exhaust the stack. */
function isTooDeep(text: string): boolean {
  if (text.length < 2 * DEEPEST) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === 0x22) index = closingQuote(text, index);
    else if (character === 0x7b || character === 0x5b) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (character === 0x7d || character === 0x5d) depth -= 1;
  }
  return false;
}

/** The quote that ends the string which begins at `open`; the end of the text where none does. */
function closingQuote(text: string, open: number): number {
  for (let index = text.indexOf('"', open + 1); index >= 0; index = text.indexOf('"', index + 1)) {
    let backslashes = 0;
    while (text[index - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return index;
  }
  return text.length;
}
