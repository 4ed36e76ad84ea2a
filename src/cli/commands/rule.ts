/** `tickward rule`: test a rule over events, list the rules that are installed. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf, placedMessageOf, TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { loadRules, readRule } from '../../playbooks/rules.ts';
import { compileEql } from '../../rule/evaluate.ts';
import { parseEql } from '../../rule/parse.ts';
import { Exit, type Context, type Register } from '../context.ts';

interface Options {
  rule?: string;
  query?: string;
}

export const rule: Register = (program, act) => {
  const command = program.command('rule').description('rules: Elastic\'s TOML form, EQL over single events');
  command.addHelpText('after', `\nExamples:\n  tickward rule list\n  tickward rule test --query 'file where file.extension == "timer"' events.ndjson`);
  command
    .command('test [events]')
    .description('judges ECS events, one JSON document a line (- or nothing: stdin); prints one {"line":1,"match":true} for each')
    .option('--rule <file>', 'a rule in TOML')
    .option('--query <eql>', 'an EQL query')
    .addHelpText('after', `
Examples:
  tickward rule test --query 'file where file.extension == "timer"' events.ndjson
  tickward events --json | tickward rule test --rule playbooks/systemd-timer-created/rule.toml -`)
    .action(act((context, file: string | undefined, options: Options) => testEvents(context, file ?? '-', options)));
  command.command('list').description('the rules of the installed playbooks').addHelpText('after', '\nExamples:\n  tickward rule list\n  tickward rule list --json | jq .id').action(act((context) => {
    const rules = loadRules((error, path) => context.notice({ level: 'warn', message: `${path}, ${placedMessageOf(error)}` }));
    for (const each of rules) if (context.out.json) context.out.document({ id: each.id, name: each.name, version: each.version, severity: each.severity, risk_score: each.risk_score, runs: each.run.runs });
    if (!context.out.json) context.out.table(['name', 'severity', 'risk', 'version', 'id'], rules.map((each) => [each.name, each.severity, each.risk_score, each.version, each.id]));
    return Exit.DONE;
  }));
};

async function testEvents(context: Context, file: string, options: Options): Promise<number> {
  const matches = matcherOf(options);
  let line = 0;
  let broken = 0;
  for await (const text of linesOf(file)) {
    line += 1;
    if (text.trim() === '') continue;
    const event = parseEvent(text);
    if (typeof event === 'string') {
      broken += 1;
      if (context.out.json) context.out.document({ line, error: event });
      context.out.progress(`tickward: line ${line}: ${printable(event)}`);
    } else context.out.document({ line, match: matches(event) });
  }
  return broken === 0 ? Exit.DONE : Exit.FAILED;
}

function matcherOf(options: Options): (event: object) => boolean {
  if ((options.rule === undefined) === (options.query === undefined)) throw new TickwardError('USAGE', 'rule test takes either --rule FILE or --query EQL', { hint: 'see tickward rule test --help' });
  if (options.query !== undefined) return compileEql(parseEql(options.query), options.query);
  const { run } = readRule(options.rule ?? '');
  if (!run.runs) throw new TickwardError('UNSUPPORTED', `this rule does not run here: ${run.reason}`);
  return run.matches;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new TickwardError('NOT_FOUND', `the events ${printable(file)} cannot be read: ${messageOf(error)}`, { hint: 'check the path and its permissions', cause: error });
  }
}

/** The event, or what is wrong with the line. */
function parseEvent(text: string): object | string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : 'not a JSON object';
  } catch (error) {
    return `no JSON: ${messageOf(error)}`;
  }
}
