/** Run by a test on a booted host: a response that kills its own process once the Nth entry of its journal is on disk. Arguments: state directory, N. */
import { join } from 'node:path';
import { createHostContext } from '../../src/actions/index.ts';
import { parsePlaybook } from '../../src/respond/playbook.ts';
import { respond } from '../../src/respond/run.ts';
import { openStore } from '../../src/store/index.ts';
import { eventOf } from '../helpers/response.ts';

const [directory = '', number = '0'] = process.argv.slice(2);
const store = openStore(directory);
let entries = 0;
const playbook = parsePlaybook('name: test\ntitle: A test\nsteps:\n  - {id: cut, kind: action, title: Cut, action: isolate, params: {management: ["192.0.2.10:22"], force: true}}\n  - {id: remove, kind: action, title: Remove, action: remove_timer}\n');
await respond({
  playbook,
  event: eventOf('/etc/systemd/system/evil.timer'),
  context: createHostContext({ quarantine: join(directory, 'quarantine') }),
  journal: {
    entries: store.journal.entries,
    append(entry) {
      const full = store.journal.append(entry);
      if ((entries += 1) === Number(number)) process.kill(process.pid, 'SIGKILL');
      return full;
    },
  },
  decide: async () => 'apply',
});
process.stdout.write(`${entries}\n`);
