/** The only list of the host's tables in the embedded engine. */
import type { Table } from '../../model/table.ts';
import { arp_cache } from './arp_cache.ts';
import { authorized_keys } from './authorized_keys.ts';
import { crontab } from './crontab.ts';
import { deb_package_files } from './deb_package_files.ts';
import { deb_packages } from './deb_packages.ts';
import { dns_resolvers } from './dns_resolvers.ts';
import { etc_hosts } from './etc_hosts.ts';
import { file } from './file.ts';
import { groups } from './groups.ts';
import { hash } from './hash.ts';
import { interface_addresses } from './interface_addresses.ts';
import { kernel_info } from './kernel_info.ts';
import { kernel_modules } from './kernel_modules.ts';
import { known_hosts } from './known_hosts.ts';
import { last } from './last.ts';
import { listening_ports } from './listening_ports.ts';
import { load_average } from './load_average.ts';
import { logged_in_users } from './logged_in_users.ts';
import { mounts } from './mounts.ts';
import { os_version } from './os_version.ts';
import { process_envs } from './process_envs.ts';
import { process_open_files } from './process_open_files.ts';
import { process_open_sockets } from './process_open_sockets.ts';
import { processes } from './processes.ts';
import { routes } from './routes.ts';
import { rpm_package_files } from './rpm_package_files.ts';
import { rpm_packages } from './rpm_packages.ts';
import { shadow } from './shadow.ts';
import { shell_history } from './shell_history.ts';
import { startup_items } from './startup_items.ts';
import { sudoers } from './sudoers.ts';
import { suid_bin } from './suid_bin.ts';
import { system_info } from './system_info.ts';
import { systemd_units } from './systemd_units.ts';
import { time } from './time.ts';
import { uptime } from './uptime.ts';
import { user_groups } from './user_groups.ts';
import { user_ssh_keys } from './user_ssh_keys.ts';
import { users } from './users.ts';

export const tables: readonly Table[] = [
  arp_cache,
  authorized_keys,
  crontab,
  deb_package_files,
  deb_packages,
  dns_resolvers,
  etc_hosts,
  file,
  groups,
  hash,
  interface_addresses,
  kernel_info,
  kernel_modules,
  known_hosts,
  last,
  listening_ports,
  load_average,
  logged_in_users,
  mounts,
  os_version,
  process_envs,
  process_open_files,
  process_open_sockets,
  processes,
  routes,
  rpm_package_files,
  rpm_packages,
  shadow,
  shell_history,
  startup_items,
  sudoers,
  suid_bin,
  system_info,
  systemd_units,
  time,
  uptime,
  user_groups,
  user_ssh_keys,
  users,
];
