/** The only list of the host's tables in the embedded engine. */
import type { Table } from '../../model/table.ts';
import { authorized_keys } from './authorized_keys.ts';
import { crontab } from './crontab.ts';
import { deb_package_files } from './deb_package_files.ts';
import { deb_packages } from './deb_packages.ts';
import { file } from './file.ts';
import { groups } from './groups.ts';
import { hash } from './hash.ts';
import { known_hosts } from './known_hosts.ts';
import { processes } from './processes.ts';
import { rpm_package_files } from './rpm_package_files.ts';
import { rpm_packages } from './rpm_packages.ts';
import { shadow } from './shadow.ts';
import { shell_history } from './shell_history.ts';
import { startup_items } from './startup_items.ts';
import { sudoers } from './sudoers.ts';
import { suid_bin } from './suid_bin.ts';
import { systemd_units } from './systemd_units.ts';
import { time } from './time.ts';
import { user_groups } from './user_groups.ts';
import { user_ssh_keys } from './user_ssh_keys.ts';
import { users } from './users.ts';

export const tables: readonly Table[] = [
  authorized_keys,
  crontab,
  deb_package_files,
  deb_packages,
  file,
  groups,
  hash,
  known_hosts,
  processes,
  rpm_package_files,
  rpm_packages,
  shadow,
  shell_history,
  startup_items,
  sudoers,
  suid_bin,
  systemd_units,
  time,
  user_groups,
  user_ssh_keys,
  users,
];
