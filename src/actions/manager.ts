/** A service manager, the system's or a user's, through systemctl(1). */
import { z } from 'zod';
import { type ExecResult, run } from '../exec.ts';
import { isPopulated } from '../host/cgroups.ts';
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
  /** Path below the mount of control groups; empty when it has none. */
  cgroup: string;
}

export interface Manager {
  readonly id: ManagerId;
  /** "the system manager", "the manager of alice". */
  readonly name: string;
  /** A link to /dev/null here overrides a unit of every directory but `strongest`; gone with the next boot, or the end of the user's manager. */
  readonly maskDirectory: string;
  /** The only directory that is searched before (systemd.unit(5)). */
  readonly strongest: string;
  readonly owner: { uid: number; gid: number };
  /** Throws when it fails. */
  command(...args: string[]): Promise<void>;
  /** The state of these units; of a template, the state of its instances. */
  states(units: readonly string[]): Promise<UnitState[]>;
  /** Where it looks for units, the strongest first: its environment may name other directories than the manual does. */
  unitPath(): Promise<string[]>;
}

const PROPERTIES = 'Id,LoadState,ActiveState,FreezerState,ControlGroup';
const TIMEOUT_MS = 30_000;

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
  if (id.scope === 'system') return managerWith({ id, name: 'the system manager', maskDirectory: '/run/systemd/system.control', strongest: '/etc/systemd/system.control', owner: { uid: 0, gid: 0 } }, [], {});
  const user = context.users.find((entry) => entry.name === id.user);
  if (user === undefined || (context.uid !== 0 && context.uid !== user.uid)) return undefined;
  const runtime = `/run/user/${user.uid}`;
  if (!hasUserManager(user.uid)) return undefined;
  const ours = context.uid === user.uid;
  const env = ours ? { XDG_RUNTIME_DIR: runtime } : {};
  const about = { id, name: `the manager of ${printable(user.name)}`, maskDirectory: `${runtime}/systemd/user.control`, strongest: `${user.home}/.config/systemd/user.control`, owner: { uid: user.uid, gid: user.gid } };
  return managerWith(about, ours ? ['--user'] : ['--user', '-M', `${user.name}@`], env);
}

function managerWith(about: Pick<Manager, 'id' | 'name' | 'maskDirectory' | 'strongest' | 'owner'>, prefix: readonly string[], env: { [name: string]: string }): Manager {
  const { name } = about;
  const systemctl = (args: readonly string[]): Promise<ExecResult> => run('systemctl', [...prefix, '--no-pager', '--no-ask-password', ...args], { timeout: TIMEOUT_MS, env });
  return {
    ...about,
    async command(...args) {
      const result = await systemctl(args);
      if (result.exitCode !== 0) throw new TickwardError('FAILED', `${name} did not do "${printable(args.join(' '))}": ${printable(result.stderr.trim().split('\n')[0] ?? '')}`, { hint: `try it by hand: systemctl ${[...prefix, ...args].map(printable).join(' ')}` });
    },
    async states(units) {
      const loadable = units.filter(isLoadable).map(instancesOf);
      if (loadable.length === 0) return [];
      const text = await answered(systemctl(['show', '-p', PROPERTIES, '--', ...loadable]), about);
      return text.split('\n\n').map(parseState).filter((state) => state.id !== '');
    },
    async unitPath() {
      const text = await answered(systemctl(['show', '-p', 'UnitPath', '--value']), about);
      return text.trim().split(' ').filter((path) => path.startsWith('/'));
    },
  };
}

/** A user can stop the own manager, which then answers nobody: ended, it leaves the files to us. */
async function answered(asked: Promise<ExecResult>, { id, name }: Pick<Manager, 'id' | 'name'>): Promise<string> {
  const { exitCode, stdout, stderr } = await asked;
  if (exitCode !== 0) throw new TickwardError('FAILED', `${name} does not answer: ${printable(stderr.trim().split('\n')[0] ?? '')}`, { hint: id.scope === 'system' ? 'see systemctl status' : `see whether it is stopped or frozen; loginctl terminate-user ${printable(id.user)} ends it with all that it runs, then try again` });
  return stdout;
}

/** systemctl(1) takes patterns; no unit's own name is one, see `isLoadable`. */
function instancesOf(unit: string): string {
  return unit.includes('@.') ? unit.replace('@.', '@*.') : unit;
}

function parseState(block: string): UnitState {
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
  return { id: value('Id'), load: value('LoadState'), active: value('ActiveState'), freezer: value('FreezerState'), cgroup: value('ControlGroup') };
}

/** Names that systemd itself accepts (unit_name_is_valid). None of them is a pattern: `*.timer` would be all timers of the host. */
export function isLoadable(name: string): boolean {
  return name.length < 256 && /^[A-Za-z0-9:_.\\@-]+\.[a-z]+$/.test(name);
}

/** Whether a unit is doing something that can be stopped. */
export function isActive(state: UnitState): boolean {
  return !['inactive', 'failed', ''].includes(state.active);
}

/** Whether anything of a unit runs: also what a service left behind that is inactive by now (`KillMode=process`). */
export function isRunning(state: UnitState): boolean {
  return isActive(state) || (isOwnCgroup(state) && isPopulated(state.cgroup));
}

/** A timer has none, and `Slice=` gives none of another unit. */
export function isOwnCgroup({ id, cgroup }: Pick<UnitState, 'id' | 'cgroup'>): boolean {
  return cgroup.endsWith(`/${id}`);
}
