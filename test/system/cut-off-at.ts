/**
 * Run by a test on a booted host: one step about evil.timer, as a run that kills its own process before the first change of a kind is announced, so that all before it is done:
 * STATE-DIRECTORY ACTION PARAMETERS KIND. Prints the result where there is no such change.
 */
import { join } from 'node:path';
import { createHostContext } from '../../src/actions/index.ts';
import type { Json } from '../../src/model/journal.ts';
import { respond } from '../../src/respond/run.ts';
import { openStore } from '../../src/store/index.ts';
import { eventOf } from '../helpers/response.ts';

const [directory = '', action = '', params = '{}', kind = ''] = process.argv.slice(2);
const store = openStore(directory);
const result = await respond({
  playbook: { name: 'test', title: 'A test', steps: [{ kind: 'action', id: 'step', title: 'Step', action, params: JSON.parse(params) as { [name: string]: Json }, optional: false, default: 'no', needs: [], questions: [] }] },
  event: eventOf('/etc/systemd/system/evil.timer'),
  context: createHostContext({ quarantine: join(directory, 'quarantine'), undoCommand: ['true'] }),
  journal: {
    entries: store.journal.entries,
    append(entry) {
      if (entry.kind === 'change' && (entry.data['data'] as { kind?: string }).kind === kind) process.kill(process.pid, 'SIGKILL');
      return store.journal.append(entry);
    },
  },
  decide: async () => 'apply',
});
process.stdout.write(JSON.stringify(result));
