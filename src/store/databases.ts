/** The two databases of a store: their files and their layouts. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { ALERTS_1, ALERTS_2_FROM_1, ALERTS_3_FROM_2 } from './alerts.ts';
import { BUNDLES_SCHEMA } from './bundles.ts';
import { lookInto, type Layout } from './database.ts';
import { JOURNAL_SCHEMA } from './journal.ts';
import { EVENTS_1, EVENTS_2_FROM_1, MAKERS_PACKED } from './layouts.ts';

export interface Kept {
  file: string;
  layout: Layout;
}

export const EVENTS: Kept = { file: 'events.db', layout: { what: 'events', version: 6, migrations: [EVENTS_1 + ALERTS_1, EVENTS_2_FROM_1, ALERTS_2_FROM_1, MAKERS_PACKED, ALERTS_3_FROM_2, BUNDLES_SCHEMA], synchronous: 'NORMAL' } };
export const JOURNAL: Kept = { file: 'journal.db', layout: { what: 'the journal', version: 1, migrations: [JOURNAL_SCHEMA], synchronous: 'FULL' } };

/** Opens what is there of a store to read it, and changes nothing. Throws STATE for what is damaged, of a newer Tickward, or cannot be opened. */
export function lookIntoStore(directory: string): void {
  for (const { file, layout } of [EVENTS, JOURNAL]) {
    const path = join(directory, file);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) lookInto(path, layout);
  }
}
