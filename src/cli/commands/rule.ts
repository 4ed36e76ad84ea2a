/** `tickward rule`: test a rule over events, lint files of rules, list the rules that are installed. */
import { placedMessageOf } from '../../model/errors.ts';
import { loadRules } from '../../playbooks/rules.ts';
import { techniqueIds } from '../../rule/rule.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { testEvents, type TestOptions } from '../rule-test.ts';

export const rule: Register = (program, act) => {
  const command = program.command('rule').description("rules: Elastic's TOML form or exported by Kibana, EQL over single events");
  command.addHelpText('after', `\nExamples:\n  tickward rule list\n  tickward rule lint playbooks/*/rule.toml\n  tickward rule test --query 'file where file.extension == "timer"' events.ndjson`);
  command
    .command('test [events]')
    .description('judges ECS events, or those of alerts, one JSON document a line (- or nothing: stdin); prints one {"line":1,"match":true} for each, with the ids of those that match where the file has several rules')
    .option('--rule <file>', 'a rule in TOML, or rules that Kibana exported (NDJSON or JSON)')
    .option('--query <eql>', 'an EQL query')
    .addHelpText('after', `
Examples:
  tickward rule test --query 'file where file.extension == "timer"' events.ndjson
  tickward events --json | tickward rule test --rule playbooks/systemd-timer-created/rule.toml -
  tickward alerts --json | tickward rule test --rule my-rule.toml -`)
    .action(act((context, file: string | undefined, options: TestOptions) => testEvents(context, file ?? '-', options)));
  command
    .command('lint <files...>')
    .description('says what is suspicious in rules: patterns where none count, fields that no event has, alternatives that never count, contradictions, exclusions by a name only, guides with queries that are missing or do not run, keys that do nothing; --json gives [{file,rule,check,message,hint,line,column,excerpt}]')
    .addHelpText('after', `
Exit codes: 0 nothing found, 3 findings, 1 a file or a rule that does not load.
In a query "// allow CHECK: reason" accepts a finding of its line or of the next one.

Examples:
  tickward rule lint playbooks/*/rule.toml
  tickward rule lint rules_export.ndjson --json | jq -r '.[].check' | sort | uniq -c`)
    .action(act(async (context, files: string[]) => {
      // With an engine for the SQL of guides, which the other commands need not wait for.
      const { lintFiles } = await import('../rule-lint.ts');
      return lintFiles(context, files);
    }));
  command
    .command('list')
    .description('the rules of the installed playbooks, whether they run here, and the MITRE ATT&CK techniques that they look for')
    .addHelpText('after', '\nExamples:\n  tickward rule list\n  tickward rule list --json | jq .id')
    .action(act(listRules));
};

function listRules(context: Context): number {
  const rules = loadRules((error, path) => context.notice({ level: 'warn', message: `${path}, ${placedMessageOf(error)}` }));
  if (!context.out.json) {
    context.out.table(['name', 'type', 'severity', 'risk', 'runs', 'technique', 'version', 'id'], rules.map((each) => [each.name, each.type, each.severity, each.risk_score, each.run.runs ? 'yes' : 'no', techniqueIds(each).join(' '), each.version, each.id]));
    return Exit.DONE;
  }
  for (const each of rules) {
    const { id, name, version, type, severity, risk_score, run } = each;
    context.out.document({ id, name, version, type, severity, risk_score, runs: run.runs, reason: run.runs ? null : run.reason, technique: techniqueIds(each) });
  }
  return Exit.DONE;
}
