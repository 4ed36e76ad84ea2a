/** `tickward guide render`: the queries of a guide as they would run. */
import { TickwardError } from '../../model/errors.ts';
import type { Alert } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import { parseGuide } from '../../guide/parse.ts';
import { renderQuery } from '../../guide/placeholders.ts';
import { readText } from '../../playbooks/files.ts';
import { readRules } from '../../playbooks/rules.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { openEmbedded } from '../engine.ts';

interface Options {
  alert?: string;
}

export const guide: Register = (program, act) => {
  program
    .command('guide')
    .description("investigation guides: Elastic's Markdown with osquery blocks, or a rule in TOML with transforms")
    .addHelpText('after', '\nExamples:\n  tickward guide render playbooks/systemd-timer-created/guide.md')
    .command('render <file>')
    .description('prints each query as it would run; --json gives [{index,label,sql,placeholders,repairs,skipped}]')
    .option('--alert <file>', 'the alert, or an ECS event, whose values fill the placeholders (JSON)')
    .addHelpText('after', '\nExamples:\n  tickward guide render playbooks/systemd-timer-created/guide.md\n  tickward guide render rule.toml --alert alert.json --json')
    .action(act((context, file: string, options: Options) => render(context, file, options)));
};

async function render(context: Context, file: string, options: Options): Promise<number> {
  const parsed = readGuideFile(file);
  const values = options.alert === undefined ? {} : documentOf(readText(options.alert, 'the alert'), options.alert);
  const embedded = await openEmbedded(context);
  for (const problem of parsed.problems) context.notice({ level: 'warn', message: problem });
  const rendered = parsed.steps.flatMap((step): object[] => {
    if (step.kind === 'broken') return [{ index: step.index, label: null, sql: null, placeholders: [], repairs: [], skipped: step.error }];
    if (step.kind !== 'query') return [];
    return renderQuery(step.sql, values, { parses: (sql) => embedded.parses(sql) }).map((query) => ({ index: step.index, label: step.label, sql: query.sql ?? null, placeholders: query.placeholders, repairs: [...step.repairs, ...query.repairs], skipped: query.skipped ?? null }));
  });
  if (context.out.json) context.out.document(rendered);
  else for (const each of rendered) print(context, each as Printed);
  return Exit.DONE;
}

interface Printed {
  index: number;
  label: string | null;
  sql: string | null;
  repairs: string[];
  skipped: string | null;
}

function print({ out }: Context, query: Printed): void {
  out.line(out.paint('bold', `-- ${query.index}. ${printable(query.label ?? 'broken block')}`));
  for (const repair of query.repairs) out.line(`-- repaired: ${printable(repair)}`);
  if (query.skipped !== null) out.line(`-- skipped: ${printable(query.skipped)}`);
  if (query.sql !== null) out.line(`${query.sql.split('\n').map(printable).join('\n')};`);
  out.line();
}

/** A rule carries its guide in `note`, in TOML with the queries beside it. */
export function readGuideFile(file: string): ReturnType<typeof parseGuide> {
  if (!/\.(toml|ndjson|json)$/.test(file)) return parseGuide(readText(file, 'the guide'), { file });
  const { rules, errors } = readRules(file);
  if (rules.length === 0 && errors.length > 0) throw errors[0];
  const guides = rules.flatMap(({ rule: { note, osquery } }) => (note === undefined ? [] : [{ note, osquery }]));
  const [first] = guides;
  if (first === undefined) throw new TickwardError('BAD_INPUT', `${rules.length === 1 ? `the rule ${printable(rules[0]?.rule.name ?? '')} carries` : 'the rules of the file carry'} no guide (no note)`, { hint: 'give the Markdown file of its guide' });
  if (guides.length > 1) throw new TickwardError('BAD_INPUT', `${printable(file)} has ${guides.length} rules with a guide`, { hint: 'give a file with one of them' });
  return parseGuide(first.note, { file, transforms: first.osquery });
}

/** The event of an alert, or the event itself. */
export function documentOf(text: string, file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TickwardError('BAD_INPUT', `${printable(file)} is no JSON: ${error instanceof Error ? error.message : ''}`, { hint: 'tickward alerts show ID --json prints one' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TickwardError('BAD_INPUT', `${printable(file)} holds no JSON object`, { hint: 'tickward alerts show ID --json prints one' });
  const event = (value as Partial<Alert>).event;
  return typeof event === 'object' && event !== null && 'file' in event ? event : value;
}
