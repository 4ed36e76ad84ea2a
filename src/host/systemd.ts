/** What there is of systemd here. */
import { existsSync, statSync } from 'node:fs';

/** sd_booted(3): whether systemd is this host's first process. */
export function isBooted(): boolean {
  return statSync('/run/systemd/system', { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Whether the service manager of this user runs. */
export function hasUserManager(uid: number): boolean {
  return existsSync(`/run/user/${uid}/systemd/private`);
}
