/** Run by a test: a response that kills its own process at the Nth entry of its journal, or at the first change of the step "remove", before or after that is on disk. Arguments: directory, N or "remove", "before" or "after", pid and start of the process to end. */
import { join } from 'node:path';
import type { Journal } from '../../src/model/journal.ts';
import { parsePlaybook } from '../../src/respond/playbook.ts';
import { respond } from '../../src/respond/run.ts';
import { eventOf, fileJournal, hostIn } from '../helpers/response.ts';

const [root = '', number = '0', moment, pid = '0', start = ''] = process.argv.slice(2);
let entries = 0;
const die = (): boolean => process.kill(process.pid, 'SIGKILL');
const kept = fileJournal(join(root, 'quarantine-journal'));
const journal: Journal = {
  entries: kept.entries,
  append(entry) {
    const isIt = (entries += 1) === Number(number) || (entry.kind === 'change' && entry.step === number);
    if (isIt && moment === 'before') die();
    const full = kept.append(entry);
    if (isIt) die();
    return full;
  },
};
const playbook = parsePlaybook(`name: test
title: A test
steps:
  - {id: case, kind: human, title: Case, text: Open a case., questions: [{id: lead, ask: Who?}]}
  - {id: stop, kind: action, title: Stop, action: kill_process, params: {pid: "{{process.pid}}", start: "{{process.start}}"}}
  - {id: remove, kind: action, title: Remove, action: remove_timer}
`);
const result = await respond({ playbook, event: eventOf(join(root, 'etc/evil.timer'), { pid: Number(pid), start }), context: hostIn(root), journal, answers: { case: { lead: 'me' } }, decide: async () => 'apply', attend: async () => 'done' });
process.stdout.write(`${JSON.stringify(result)}\n`);
