/** A host of the test's own for responses: unit directories in a temporary place, no service manager, a journal in a file. */
import { appendFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ActionContext, HostContext } from '../../src/actions/index.ts';
import type { FileEvent } from '../../src/model/event.ts';
import type { Journal, JournalEntry } from '../../src/model/journal.ts';
import { fileEvent, temporaryDirectory } from './events.ts';
import { jsonLines } from './lines.ts';

const SYSTEM_DIRECTORIES = ['etc', 'usr', 'run'];

export function hostIn(root: string): HostContext {
  for (const name of SYSTEM_DIRECTORIES) mkdirSync(join(root, name), { recursive: true });
  mkdirSync(join(root, 'stamps'), { recursive: true });
  return {
    uid: process.getuid?.() ?? 0,
    users: [],
    directories: SYSTEM_DIRECTORIES.map((name) => ({ path: join(root, name), scope: 'system', kind: 'units' })),
    systemd: 'absent',
    quarantine: join(root, 'quarantine'),
    stamps: join(root, 'stamps'),
    protectedPids: [],
    management: [],
  };
}

export function contextFor(host: HostContext, path: string, run = 'test-run'): ActionContext {
  return { ...host, target: { path, unit: path.slice(path.lastIndexOf('/') + 1), scope: 'system' }, run, step: 'remove' };
}

/** For actions that do not look at the target. */
export function anyContext(changes: Partial<ActionContext> = {}): ActionContext {
  return { ...contextFor(hostIn(temporaryDirectory()), '/etc/systemd/system/evil.timer'), ...changes };
}

/** Files with content, and links (`-> target`), with directories as needed. All get an odd time of long ago. */
export function plant(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), path);
    else {
      writeFileSync(path, content, { mode: 0o644 });
      utimesSync(path, 1_600_000_000.123456, 1_600_000_001.654321);
    }
  }
}

export const EVIL = {
  'etc/evil.timer': '[Timer]\nOnCalendar=hourly\n[Install]\nWantedBy=timers.target\n',
  'etc/evil.service': '[Service]\nExecStart=/tmp/evil.sh\n',
  'etc/evil.timer.d/more.conf': '[Timer]\nPersistent=true\n',
  'etc/timers.target.wants/evil.timer': '-> ../evil.timer',
  'usr/good.timer': '[Timer]\nOnCalendar=daily\n',
  'usr/good.service': '[Service]\nExecStart=/bin/true\n',
  'etc/timers.target.wants/good.timer': '-> ../../usr/good.timer',
};

export function eventOf(path: string, process?: FileEvent['process']): FileEvent {
  const event = fileEvent({ path });
  return { ...event, ...(process === undefined ? {} : { process }) };
}

/** Everything that can be seen of a tree but inode numbers, access and change times. */
export function snapshot(root: string, without: readonly string[] = ['quarantine']): Record<string, string> {
  const seen: Record<string, string> = {};
  const visit = (relative: string): void => {
    const path = join(root, relative);
    const stat = lstatSync(path, { bigint: true });
    const what = stat.isSymbolicLink() ? `-> ${readlinkSync(path)}` : stat.isDirectory() ? 'directory' : readFileSync(path, 'base64');
    seen[relative] = `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.mtimeNs} ${what}`;
    if (stat.isDirectory()) for (const name of readdirSync(path).sort()) if (!without.includes(join(relative, name))) visit(join(relative, name));
  };
  visit('');
  delete seen[''];
  return seen;
}

/** A journal in a file, on disk after each entry, readable by another process. */
export function fileJournal(path: string, onAppend: (entry: JournalEntry) => void = () => {}): Journal {
  const read = (): JournalEntry[] => (existsSync(path) ? jsonLines(readFileSync(path, 'utf8')) : []);
  return {
    append(entry) {
      const full: JournalEntry = { ...entry, seq: read().length + 1, time: new Date().toISOString() };
      appendFileSync(path, `${JSON.stringify(full)}\n`, { flush: true });
      onAppend(full);
      return full;
    },
    entries: (run) => read().filter((entry) => entry.run === run),
  };
}
