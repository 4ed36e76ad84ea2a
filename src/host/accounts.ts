/** Names of users and groups by number, read again when their file has changed: an attacker may have just added one. */
import { statSync } from 'node:fs';
import { GROUP, PASSWD, readGroups, readUsers, type PasswdEntry } from './passwd.ts';

export class Accounts {
  private readonly passwd = new Cached(PASSWD, readUsers, (user) => user.uid);
  private readonly group = new Cached(GROUP, readGroups, (group) => group.gid);

  /** Takes up what has changed; true when users have. One system call a file where nothing has. */
  refresh(): boolean {
    this.group.refresh();
    return this.passwd.refresh();
  }

  get users(): readonly PasswdEntry[] {
    return this.passwd.entries;
  }

  userName(uid: number): string | undefined {
    return this.passwd.byId.get(uid)?.name;
  }

  groupName(gid: number): string | undefined {
    return this.group.byId.get(gid)?.name;
  }
}

/** A file that cannot be read has no entries. */
class Cached<Entry> {
  entries: readonly Entry[] = [];
  readonly byId = new Map<number, Entry>();
  private signature = '';
  private readonly path: string;
  private readonly read: () => Entry[];
  private readonly idOf: (entry: Entry) => number;

  constructor(path: string, read: () => Entry[], idOf: (entry: Entry) => number) {
    this.path = path;
    this.read = read;
    this.idOf = idOf;
  }

  refresh(): boolean {
    const signature = signatureOf(this.path);
    if (signature === this.signature) return false;
    this.signature = signature;
    this.entries = signature === NONE ? [] : this.readOrNone();
    this.byId.clear();
    // Of several with one number the first counts, as for getpwuid(3).
    for (const entry of this.entries) if (!this.byId.has(this.idOf(entry))) this.byId.set(this.idOf(entry), entry);
    return true;
  }

  private readOrNone(): readonly Entry[] {
    try {
      return this.read();
    } catch {
      return [];
    }
  }
}

const NONE = 'none';

/** Anything but a file is as good as none: a FIFO would be waited for. */
function signatureOf(path: string): string {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isFile() ? `${stat.dev}:${stat.ino}:${stat.ctimeNs}` : NONE;
  } catch {
    return NONE;
  }
}
