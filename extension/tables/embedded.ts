/** Tickward's tables for the thread of the embedded engine, which opens the store itself. */
import type { GatheredTable, Table } from '../../src/model/table.ts';
import type { TableSource } from '../../src/sql/embedded/messages.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { readAsItLies } from '../../src/store/read-only.ts';
import { defaultStateDirectory } from '../../src/store/state-directory.ts';
import { timerTables } from './index.ts';

interface Place {
  /** undefined where nobody said and there is no home to keep it in: a query that needs none runs all the same. */
  stateDir: string | undefined;
  /** Somebody said: then it has to be there. */
  isNamed?: boolean;
  uid: number;
}

/** What createEmbedded takes. */
export function embeddedTables(place: Place): TableSource {
  return { module: import.meta.url, data: place };
}

/** The store is opened only when a query reads one of the tables. */
export function open({ stateDir, isNamed, uid }: Place): (Table | GatheredTable)[] {
  let opened: Store | undefined;
  const store = (): Store => (opened ??= openStore(stateDir ?? defaultStateDirectory(uid, process.env), uid, isNamed === true ? 'look' : 'read'));
  const tables = timerTables({
    events: { list: (filter) => store().events.list(filter), select: (filter) => store().events.select(filter), selectBytes: (filter) => store().events.selectBytes(filter) },
    alerts: { list: (filter) => store().alerts.list(filter) },
  });
  const saying = (table: Table): Table => ({
    ...table,
    generate(context) {
      if (store().readOnly) context.warn(readAsItLies(store().directory));
      return table.generate(context);
    },
  });
  return tables.map((table) => ('generate' in table ? saying(table) : table));
}
