/** The processes that have to do with an event, out of all that are there: the maker with its ancestors and descendants, those of the unit, those of the files that it runs. */
import type { PasswdEntry } from '../host/passwd.ts';
import { argumentsOf, isSameStart, startedAt, workingDirectoryOf } from '../host/proc.ts';
import type { ListedProcess } from '../host/process-list.ts';
import type { FileEvent } from '../model/event.ts';
import { descendantsOf, ownProcesses } from './own-processes.ts';
import type { ProcessNode } from './result.ts';

export type MadeProcessNode = Omit<ProcessNode, 'connections'> & { cwd: string | null };

export interface Wanted {
  service: string | undefined;
  /** Of the unit, where its manager says it. */
  cgroup: string | undefined;
  /** Real paths. */
  files: ReadonlySet<string>;
  users: readonly PasswdEntry[];
}

const MOST_NODES = 200;

export function processNodes(event: FileEvent, all: readonly ListedProcess[], wanted: Wanted): MadeProcessNode[] {
  const byPid = new Map(all.map((each) => [each.stat.pid, each]));
  const nodes = new Map<number, MadeProcessNode>();
  const names = new Map(wanted.users.map(({ uid, name }) => [uid, name]));
  const add = (node: MadeProcessNode): void => {
    if (!nodes.has(node.pid) && nodes.size < MOST_NODES) nodes.set(node.pid, node);
  };
  const living = (found: ListedProcess, role: ProcessNode['role']): MadeProcessNode => ({
    pid: found.stat.pid,
    ppid: found.stat.ppid,
    name: found.stat.comm,
    executable: found.executable ?? null,
    command_line: argumentsOf(found.stat.pid)?.join(' ') ?? null,
    user: names.get(found.uid) ?? String(found.uid),
    started: startedAt(found.stat),
    role,
    alive: true,
    cwd: workingDirectoryOf(found.stat.pid) ?? null,
  });
  for (const node of told(event)) {
    const now = byPid.get(node.pid);
    // A number that another process has by now says nothing of this one.
    const isSame = now !== undefined && (node.started === null ? now.stat.comm === node.name : isSameStart(startedAt(now.stat), node.started));
    add(isSame ? { ...living(now, node.role), ...(node.executable === null ? {} : { executable: node.executable }) } : node);
  }
  const maker = event.process === undefined ? undefined : nodes.get(event.process.pid);
  const own = ownProcesses(all);
  // What a response or a drill of ours has made has ourselves as its maker.
  const others = maker !== undefined && own.has(maker.pid) ? all : all.filter(({ stat }) => !own.has(stat.pid));
  if (maker?.alive === true) for (const found of descendantsOf(maker.pid, others)) add(living(found, 'descendant'));
  for (const found of others) {
    if (isOfUnit(found.cgroup, wanted)) add(living(found, 'unit'));
    else if (wanted.files.size > 0 && runsOneOf(found, wanted.files)) add(living(found, 'chain'));
  }
  return [...nodes.values()];
}

/** The maker and its ancestors as the event has them. */
function told({ process: by, user, tickward }: FileEvent): MadeProcessNode[] {
  if (by === undefined) return [];
  const parents = tickward.ancestry.length > 0 ? tickward.ancestry : by.parent === undefined ? [] : [by.parent];
  const node = (each: { pid: number; name?: string; executable?: string; command_line?: string }, ppid: number | undefined, role: ProcessNode['role']): MadeProcessNode => ({
    pid: each.pid, ppid: ppid ?? null, name: each.name ?? null, executable: each.executable ?? null, command_line: each.command_line ?? null, user: null, started: null, role, alive: false, cwd: null,
  });
  return [
    { ...node(by, parents[0]?.pid, 'maker'), user: by.user?.name ?? user?.name ?? user?.id ?? null, started: by.start ?? null, cwd: by.working_directory ?? null },
    ...parents.map((parent, index) => node(parent, parents[index + 1]?.pid, 'ancestor')),
  ];
}

/** `…/NAME.service` and what it has made below itself. */
function isOfUnit(cgroup: string, { service, cgroup: known }: Wanted): boolean {
  if (known !== undefined) return cgroup === known || cgroup.startsWith(`${known}/`);
  return service !== undefined && cgroup.split('/').includes(service);
}

/** As its program, or as the script that an interpreter was given. */
function runsOneOf({ stat, executable }: ListedProcess, files: ReadonlySet<string>): boolean {
  if (executable !== undefined && files.has(executable.replace(/ \(deleted\)$/, ''))) return true;
  return (argumentsOf(stat.pid) ?? []).slice(0, 4).some((word) => files.has(word));
}
