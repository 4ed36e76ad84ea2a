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

/** The value that `systemctl show` gave for a property in what it says of one unit; '' where it gave none. */
export function shownProperty(block: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
}
