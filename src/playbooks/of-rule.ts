/** What of the rule of an installed playbook is asked for where no rule is judged. From its text alone: to load all rules takes longer than the rest of a start. */
import { join } from 'node:path';
import { TickwardError } from '../model/errors.ts';
import { readToml } from '../rule/toml.ts';
import { playbookNames, PLAYBOOKS, readText } from './files.ts';

/** For a file without an alert, and for alerts of rules that are not installed. */
const GENERAL = 'systemd-timer-created';

/** The playbook that a rule of this id belongs to; the general one where none does. */
export function playbookOfRule(ruleId: string | undefined): string {
  const names = playbookNames();
  const found = ruleId === undefined ? undefined : names.find((name) => ruleIdOf(name) === ruleId);
  const chosen = found ?? names.find((name) => name === GENERAL) ?? names[0];
  if (chosen === undefined) throw new TickwardError('FAILED', `no playbook is installed in ${PLAYBOOKS}`, { hint: 'install Tickward again' });
  return chosen;
}

/** How bad the rule of an installed playbook thinks it is; undefined where there is none. */
export function severityOf(name: string): string | undefined {
  return playbookNames().includes(name) ? textIn(name, 'severity') : undefined;
}

function ruleIdOf(name: string): string | undefined {
  return textIn(name, 'rule_id');
}

/** One that is broken keeps none of the others from being found: `doctor` and `watch` say what is wrong with it. */
function textIn(name: string, key: string): string | undefined {
  try {
    const file = join(PLAYBOOKS, name, 'rule.toml');
    const { rule } = readToml({ text: readText(file, 'the rule'), file }) as { rule?: Record<string, unknown> };
    const value = rule?.[key];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
