/** The only list of the host's tables in the embedded engine. */
import type { Table } from '../../model/table.ts';
import { crontab } from './crontab.ts';
import { file } from './file.ts';
import { groups } from './groups.ts';
import { hash } from './hash.ts';
import { interface_addresses } from './interface_addresses.ts';
import { last } from './last.ts';
import { listening_ports } from './listening_ports.ts';
import { logged_in_users } from './logged_in_users.ts';
import { process_envs } from './process_envs.ts';
import { process_open_files } from './process_open_files.ts';
import { process_open_sockets } from './process_open_sockets.ts';
import { processes } from './processes.ts';
import { routes } from './routes.ts';
import { time } from './time.ts';
import { users } from './users.ts';

export const tables: readonly Table[] = [
  crontab,
  file,
  groups,
  hash,
  interface_addresses,
  last,
  listening_ports,
  logged_in_users,
  process_envs,
  process_open_files,
  process_open_sockets,
  processes,
  routes,
  time,
  users,
];
