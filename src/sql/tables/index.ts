/** The only list of the host's tables in the embedded engine. */
import type { Table } from '../../model/table.ts';
import { crontab } from './crontab.ts';
import { file } from './file.ts';
import { groups } from './groups.ts';
import { hash } from './hash.ts';
import { processes } from './processes.ts';
import { time } from './time.ts';
import { users } from './users.ts';

export const tables: readonly Table[] = [crontab, file, groups, hash, processes, time, users];
