/** Who decides: for the history of alerts and exceptions. */
import { userOf } from './passwd.ts';
import { loginUidOf } from './proc.ts';

/** Who logged in, as the kernel knows it whatever su and sudo did after (`alice as root`); without a login the user that runs this. */
export function whoDecides(uid: number): string {
  const login = loginUidOf(process.pid);
  const own = nameOf(uid);
  return login === undefined || login === uid ? own : `${nameOf(login)} as ${own}`;
}

function nameOf(uid: number): string {
  return userOf(uid)?.name ?? `uid ${uid}`;
}
