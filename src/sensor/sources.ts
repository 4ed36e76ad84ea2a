/** What is asked who a process is. */
import type { Accounts } from '../host/accounts.ts';
import type { Images } from './bpf/images.ts';
import type { ExecLog } from './exec-log.ts';
import type { ControlGroups, Handles } from './filesystems.ts';

export interface Sources {
  images?: Images;
  log?: ExecLog;
  handles: Handles;
  groups: ControlGroups;
  accounts: Accounts;
}
