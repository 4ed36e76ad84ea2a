/** Program: one action as a run of its own, as the command line does it: STATE-DIR ACTION PARAMETERS [CONTEXT], the last two in JSON. Prints the result. */
import { join } from 'node:path';
import { createHostContext, type HostContext } from '../../src/actions/index.ts';
import type { Json } from '../../src/model/journal.ts';
import { runAction } from '../../src/respond/single.ts';
import { openStore } from '../../src/store/index.ts';

const [directory = '', action = '', params = '{}', changes = '{}'] = process.argv.slice(2);
const store = openStore(directory, process.getuid?.() ?? 0);
const context: HostContext = {
  ...createHostContext({ quarantine: join(directory, 'quarantine'), undoCommand: [join(import.meta.dirname, '../../src/cli/tickward'), '--state-dir', directory, 'undo'] }),
  ...(JSON.parse(changes) as Partial<HostContext>),
};
const result = await runAction({ action, params: JSON.parse(params) as { [name: string]: Json }, context, journal: store.journal, decide: async () => 'apply' });
console.log(JSON.stringify(result));
store.close();
