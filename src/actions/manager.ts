/** A service manager, the system's or a user's, through systemctl(1). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type ExecResult, run } from '../exec.ts';
import { hasUserManager } from '../host/systemd.ts';
import { printable } from '../model/text.ts';
import { TickwardError } from '../model/errors.ts';
import type { ActionContext, HostContext } from './action.ts';

/** Which manager, as it is kept in the journal. */
export const managerId = z.union([z.strictObject({ scope: z.literal('system') }), z.strictObject({ scope: z.literal('user'), user: z.string() })]);
export type ManagerId = z.infer<typeof managerId>;

export interface UnitState {
  id: string;
  /** loaded, not-found, masked, … */
  load: string;
  /** active, inactive, failed, … */
  active: string;
  freezer: string;
  /** Path below /sys/fs/cgroup; empty when it has none. */
  cgroup: string;
}

export interface Manager {
  readonly id: ManagerId;
  /** "the system manager", "the manager of alice". */
  readonly name: string;
  /** A link to /dev/null here overrides a unit of any other directory but generators' early ones (systemd.unit(5)). */
  readonly maskDirectory: string;
  readonly owner: { uid: number; gid: number };
  /** Throws when it fails. */
  command(...args: string[]): Promise<void>;
  /** Only units that the manager knows. Names may be patterns. */
  states(names: readonly string[]): Promise<UnitState[]>;
}

const PROPERTIES = 'Id,LoadState,ActiveState,FreezerState,ControlGroup';
const TIMEOUT_MS = 30_000;
const CGROUPS = '/sys/fs/cgroup';

/** The running managers that load units of the target's scope. */
export function managersOf(context: ActionContext): Manager[] {
  if (context.systemd === 'absent') return [];
  if (context.target.scope === 'system') return context.uid === 0 ? [createManager({ scope: 'system' }, context)].flatMap((manager) => manager ?? []) : [];
  const names = context.target.user === undefined ? context.users.map((user) => user.name) : [context.target.user];
  return names.flatMap((user) => createManager({ scope: 'user', user }, context) ?? []);
}

/** Undefined where it does not run, or is not ours to command. */
export function createManager(id: ManagerId, context: HostContext): Manager | undefined {
  if (context.systemd === 'absent') return undefined;
  if (id.scope === 'system') return managerWith(id, 'the system manager', [], {}, '/run/systemd/system.control', { uid: 0, gid: 0 });
  const user = context.users.find((entry) => entry.name === id.user);
  if (user === undefined || (context.uid !== 0 && context.uid !== user.uid)) return undefined;
  const runtime = `/run/user/${user.uid}`;
  if (!hasUserManager(user.uid)) return undefined;
  const ours = context.uid === user.uid;
  const env = ours ? { XDG_RUNTIME_DIR: runtime } : {};
  return managerWith(id, `the manager of ${printable(user.name)}`, ours ? ['--user'] : ['--user', '-M', `${user.name}@`], env, `${runtime}/systemd/user.control`, user);
}

function managerWith(id: ManagerId, name: string, prefix: readonly string[], env: { [name: string]: string }, maskDirectory: string, owner: { uid: number; gid: number }): Manager {
  const systemctl = (args: readonly string[]): Promise<ExecResult> => run('systemctl', [...prefix, '--no-pager', '--no-ask-password', ...args], { timeout: TIMEOUT_MS, env });
  return {
    id,
    name,
    maskDirectory,
    owner: { uid: owner.uid, gid: owner.gid },
    async command(...args) {
      const result = await systemctl(args);
      if (result.exitCode !== 0) throw new TickwardError('FAILED', `${name} did not do "${printable(args.join(' '))}": ${printable(result.stderr.trim().split('\n')[0] ?? '')}`, { hint: `try it by hand: systemctl ${[...prefix, ...args].map(printable).join(' ')}` });
    },
    async states(names) {
      const loadable = names.filter(isLoadable);
      if (loadable.length === 0) return [];
      const result = await systemctl(['show', '-p', PROPERTIES, '--', ...loadable]);
      if (result.exitCode !== 0) throw new TickwardError('FAILED', `${name} does not answer: ${printable(result.stderr.trim().split('\n')[0] ?? '')}`, { hint: 'see systemctl status' });
      return result.stdout.split('\n\n').map(parseState).filter((state) => state.id !== '');
    },
  };
}

function parseState(block: string): UnitState {
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
  return { id: value('Id'), load: value('LoadState'), active: value('ActiveState'), freezer: value('FreezerState'), cgroup: value('ControlGroup') };
}

/** Names that systemd itself would accept (unit_name_is_valid), and `*` for the instances of a template. */
export function isLoadable(name: string): boolean {
  return name.length < 256 && /^[A-Za-z0-9:_.\\@*-]+\.[a-z]+$/.test(name);
}

/** Whether a unit is doing something that can be stopped. */
export function isActive(state: UnitState): boolean {
  return !['inactive', 'failed', ''].includes(state.active);
}

/** Processes that are left in a control group; 0 where it is gone. */
export function processesIn(cgroup: string): number {
  if (!isPlainCgroup(cgroup)) return 0;
  try {
    return readFileSync(`${CGROUPS}${cgroup}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).length;
  } catch {
    return 0;
  }
}

/** Kills what a stop left behind (`KillMode=process`): cgroup.kill reaches forks as well (kernel 5.14). */
export function killCgroup(cgroup: string): void {
  if (processesIn(cgroup) > 0 && existsSync(`${CGROUPS}${cgroup}/cgroup.kill`)) writeFileSync(`${CGROUPS}${cgroup}/cgroup.kill`, '1');
}

function isPlainCgroup(cgroup: string): boolean {
  return cgroup.startsWith('/') && cgroup !== '/' && !cgroup.split('/').includes('..');
}
