/** Run by a test: a response that kills its own process at its Nth change, before or after that was announced. Arguments: directory, N, "before" or "after". */
import { join } from 'node:path';
import type { Journal } from '../../src/model/journal.ts';
import { parsePlaybook } from '../../src/respond/playbook.ts';
import { respond } from '../../src/respond/run.ts';
import { eventOf, fileJournal, hostIn } from '../helpers/response.ts';

const [root = '', number = '0', moment] = process.argv.slice(2);
let changes = 0;
const die = (): boolean => process.kill(process.pid, 'SIGKILL');
const kept = fileJournal(join(root, 'quarantine-journal'));
const journal: Journal = {
  entries: kept.entries,
  append(entry) {
    const isIt = entry.kind === 'change' && (changes += 1) === Number(number);
    if (isIt && moment === 'before') die();
    const full = kept.append(entry);
    if (isIt) die();
    return full;
  },
};
const playbook = parsePlaybook('name: test\ntitle: A test\nsteps:\n  - {id: remove, kind: action, title: Remove, action: remove_timer}\n');
const result = await respond({ playbook, event: eventOf(join(root, 'etc/evil.timer')), context: hostIn(root), journal, decide: async () => 'apply' });
process.stdout.write(`${JSON.stringify(result)}\n`);
