/** `npm run gen:docs`: writes what docs/ has of the code: the man page and the references. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { timerTables } from '../../../extension/tables/index.ts';
import { actions } from '../../actions/index.ts';
import { tables } from '../../sql/tables/index.ts';
import { VERSION } from '../../version.ts';
import { createProgram } from '../main.ts';
import { manPage } from './man.ts';
import { actionReference, commandReference, tableReference } from './markdown.ts';
import { describe } from './model.ts';

export const DOCS = join(import.meta.dirname, '../../../docs');

/** Only described here, never read. */
const NO_STORE = { events: { list: () => [], select: unread, selectBytes: unread }, alerts: { list: () => [] } };

function unread(): never {
  throw new TypeError('a table that is only described was read');
}

/** File name in docs/ to its content. */
export async function generatedDocs(): Promise<ReadonlyMap<string, string>> {
  const program = describe(await createProgram([]));
  return new Map([
    ['tickward.1', manPage(program, VERSION)],
    ['reference-commands.md', commandReference(program)],
    ['reference-tables.md', tableReference(timerTables(NO_STORE), tables)],
    ['reference-actions.md', actionReference(actions)],
  ]);
}

if (import.meta.main) for (const [name, content] of await generatedDocs()) writeFileSync(join(DOCS, name), content);
