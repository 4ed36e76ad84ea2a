/** The files of a playbook that is begun: they load as they are. */
import { randomUUID } from 'node:crypto';

export function playbookTemplate(name: string): Readonly<Record<string, string>> {
  return { 'rule.toml': rule(), 'guide.md': GUIDE, 'response.yaml': response(name) };
}

function rule(): string {
  return `# When it alerts: Elastic's TOML form, EQL over single events. tickward rule test --rule rule.toml events.ndjson tries it.
[metadata]
maturity = "production"

[rule]
rule_id = "${randomUUID()}"
name = "Name of the rule"
description = "What it sees, and why that may be an attack."
type = "eql"
language = "eql"
version = 1
severity = "low"
risk_score = 21
query = '''
file where event.action == "creation" and file.path : "/etc/systemd/system/*" and file.extension == "timer"
'''

[[rule.threat]]
framework = "MITRE ATT&CK"

[rule.threat.tactic]
id = "TA0003"
name = "Persistence"
reference = "https://attack.mitre.org/tactics/TA0003/"
`;
}

const GUIDE = `# What to look at

- Look at the file itself.
- !{osquery{"label":"The file","query":"SELECT * FROM file WHERE path = {{file.path}}"}}
- Ask who made it whether they meant to.
`;

function response(name: string): string {
  return `# What to do when an alert turns out to be an attack. \`kind: action\` steps are carried out after a plan and a yes, \`kind: human\` steps are yours.
# tickward playbook actions lists the actions, tickward playbook fields what \`when\` and "{{placeholders}}" can ask for.
name: ${name}
title: What to do about it

steps:
  - id: case
    kind: human
    title: Open a case
    text: Decide how bad it is, and note who leads it.
    questions:
      - { id: attack, ask: Is it an attack?, kind: yes-no, required: true }
      - { id: number, ask: What is the number of the case? }

  - id: remove
    kind: action
    title: Take out the timer and its service
    action: remove_timer
    needs: [case]
    when: answers.case.attack == true
    default: no
    on_failure: undo

  - id: lessons
    kind: human
    title: Learn from it
    text: Write down how they got in, and what would have shown it earlier.
    optional: true
    questions:
      - { id: entry, ask: How did they get in? }
`;
}
