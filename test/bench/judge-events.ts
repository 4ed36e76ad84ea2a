/** A stream of file events as rules get it: mostly of files that no rule is about, some units, few of them suspicious. */
import type { EcsProcess, FileAction, FileEvent } from '../../src/model/event.ts';

interface Kind {
  name: string;
  /** How many of a hundred. */
  share: number;
  path: string;
  action?: FileAction;
  /** Absent: the process is not known. */
  executable?: string;
  original?: string;
}

/** `%` is a number that differs. Shares as on a host that installs packages now and then; a third are timers, since those cost most. */
export const KINDS: readonly Kind[] = [
  { name: 'a file elsewhere', share: 25, path: '/var/log/journal/%/system@%.journal', executable: '/usr/lib/systemd/systemd-journald' },
  { name: 'a file without extension', share: 10, path: '/home/user%/.cache/mozilla/firefox/cache2/entries/%', executable: '/usr/lib/firefox/firefox' },
  { name: 'a service', share: 12, path: '/etc/systemd/system/app-%.service', executable: '/usr/bin/vim' },
  { name: 'a service of a package', share: 10, path: '/usr/lib/systemd/system/app-%.service', action: 'rename', executable: '/usr/bin/dpkg', original: '/usr/lib/systemd/system/app-%.service.dpkg-new' },
  { name: 'a wants link', share: 4, path: '/etc/systemd/system/multi-user.target.wants/app-%.service', executable: '/usr/bin/systemctl' },
  { name: 'a modification', share: 6, path: '/etc/systemd/system/app-%.timer', action: 'modification', executable: '/usr/bin/vim' },
  { name: 'a timer of a package', share: 12, path: '/usr/lib/systemd/system/app-%.timer', action: 'rename', executable: '/usr/bin/dpkg', original: '/usr/lib/systemd/system/app-%.timer.dpkg-new' },
  { name: 'a timer of a program that may', share: 6, path: '/etc/systemd/system/app-%.timer', executable: '/usr/bin/python3.13' },
  { name: 'a timer without a process', share: 3, path: '/etc/systemd/system/app-%.timer' },
  { name: 'a transient timer', share: 4, path: '/run/systemd/transient/run-u%.timer', executable: '/usr/lib/systemd/systemd' },
  { name: 'a suspicious timer', share: 5, path: '/etc/systemd/system/app-%.timer', executable: '/usr/bin/dash' },
  { name: 'a suspicious timer of a user', share: 3, path: '/home/user%/.config/systemd/user/app-%.timer', executable: '/usr/bin/curl' },
];

/** A hundred thousand events and more must not share their strings; a few thousand are as good for the caches. */
export function eventsOf(count: number): { kind: Kind; event: FileEvent }[] {
  const hundred = KINDS.flatMap((kind) => Array<Kind>(kind.share).fill(kind));
  return Array.from({ length: count }, (_, index) => {
    // 37 has no divisor in common with 100: every kind comes in turn, none in a row.
    const kind = hundred[(index * 37) % hundred.length] ?? hundred[0];
    if (kind === undefined) throw new RangeError('there are no kinds of events');
    // As they come in: from JSON.
    return { kind, event: JSON.parse(JSON.stringify(eventOf(kind, index))) as FileEvent };
  });
}

function eventOf(kind: Kind, number: number): FileEvent {
  const path = kind.path.replaceAll('%', String(number));
  const action = kind.action ?? 'creation';
  const maker = kind.executable === undefined ? undefined : processOf(kind.executable, path, number);
  const fileName = nameOf(path);
  return {
    '@timestamp': new Date(1_795_000_000_000 + number).toISOString(),
    event: { id: `bench-${number}`, kind: 'event', category: ['file'], type: [action === 'creation' ? 'creation' : 'change'], action, dataset: 'tickward.file' },
    host: { name: 'bench', hostname: 'bench', architecture: 'x86_64', os: { type: 'linux', kernel: '6.18' } },
    file: { path, directory: path.slice(0, path.lastIndexOf('/')), ...named(fileName), type: 'file', size: 312, mode: '0644', uid: '0', gid: '0', owner: 'root', group: 'root', inode: String(number), ...(kind.original === undefined ? {} : { Ext: { original: originalOf(kind.original.replaceAll('%', String(number))) } }) },
    ...(maker === undefined ? {} : { process: maker }),
    user: { id: '0', name: 'root' },
    tickward: { attribution: maker === undefined ? 'none' : 'exact', source: 'fanotify', unit: fileName, unit_type: 'timer', scope: 'system', ancestry: [{ pid: 900, name: 'bash', executable: '/usr/bin/bash' }] },
  };
}

function processOf(executable: string, path: string, number: number): EcsProcess {
  const program = nameOf(executable);
  return { pid: 1_000 + number, executable, name: program, command_line: `${program} ${path}`, args: [program, path], working_directory: '/root', parent: { pid: 900, executable: '/usr/bin/bash', name: 'bash' } };
}

function originalOf(path: string): { path: string; name: string; extension?: string } {
  return { path, ...named(nameOf(path)) };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function named(name: string): { name: string; extension?: string } {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? { name } : { name, extension: name.slice(dot + 1) };
}
