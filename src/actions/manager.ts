/** A service manager, the system's or a user's, through systemctl(1). */
import { z } from 'zod';
import { type ExecResult, run } from '../exec.ts';
import { isPopulated } from '../host/cgroups.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import { hasUserManager, shownProperty } from '../host/systemd.ts';
import { ifLoaded } from '../host/units.ts';
import { firstLineOf, printable } from '../model/text.ts';
import { TickwardError } from '../model/errors.ts';
import type { ActionContext, HostContext } from './action.ts';
import { loadedStates } from './manager-loaded.ts';
import { holdOf, letGo, statesBelow, userManagers, type Hold, type UserManager } from './user-manager.ts';

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
  /** The file that it is made of; empty where there is none, or none is known. */
  fragment: string;
  /** With which what it started last is marked; empty where none is known. */
  invocation: string;
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
  /** Why it answers nobody, once that is known: then it is asked and told nothing more. Only a user's; without the system's, nothing is done. */
  readonly silence: Hold | undefined;
  /** Ends what holds it, where that can be ended. */
  wake(): void;
  /** Throws when it fails. */
  command(...args: string[]): Promise<void>;
  /** The state of these units, with `loaded` of those alone that it has loaded: to ask for another makes it read its files. Of a template, the state of its instances. Of one that does not answer: what the kernel knows of them. */
  states(units: readonly string[], which?: 'loaded'): Promise<UnitState[]>;
  /** Where it looks for units, the strongest first: its environment may name other directories than the manual does. Empty where it does not answer. */
  unitPath(): Promise<string[]>;
}

const PROPERTIES = 'Id,LoadState,ActiveState,FreezerState,ControlGroup,FragmentPath,InvocationID';
const TIMEOUT_MS = 30_000;
/** A user's may be held by its user, and nobody shall wait for that. */
const USER_TIMEOUT_MS = 5_000;

/** The running managers that load units of the target's scope. */
export async function managersOf(context: ActionContext): Promise<Manager[]> {
  if (context.target.scope === 'system') return context.uid === 0 ? await createManagers([{ scope: 'system' }], context) : [];
  const names = context.target.user === undefined ? context.users.map((user) => user.name) : [context.target.user];
  return await createManagers(names.map((user) => ({ scope: 'user', user })), context);
}

/** Without those that do not run, or are not ours to command. */
export async function createManagers(ids: readonly ManagerId[], context: HostContext): Promise<Manager[]> {
  if (context.systemd === 'absent') return [];
  const users = new Map(ids.flatMap((id) => {
    const user = id.scope === 'system' ? undefined : context.users.find((entry) => entry.name === id.user);
    return user !== undefined && (context.uid === 0 || context.uid === user.uid) && hasUserManager(user.uid) ? [[user.name, user] as const] : [];
  }));
  const places = await userManagers([...users.values()].map((user) => user.uid));
  return ids.flatMap((id) => {
    if (id.scope === 'system') return [systemManager(id)];
    const user = users.get(id.user);
    const place = user === undefined ? undefined : places.get(user.uid);
    // To ask for one of another user that has ended would start it, with all that it starts.
    return user === undefined || (place === undefined && context.uid !== user.uid) ? [] : [userManager(id, user, context.uid === user.uid, place)];
  });
}

type About = Pick<Manager, 'id' | 'name' | 'maskDirectory' | 'strongest' | 'owner'>;

function systemManager(id: ManagerId): Manager {
  return managerWith({ id, name: 'the system manager', maskDirectory: '/run/systemd/system.control', strongest: '/etc/systemd/system.control', owner: { uid: 0, gid: 0 } }, [], {});
}

function userManager(id: ManagerId, user: PasswdEntry, isOurs: boolean, place: UserManager | undefined): Manager {
  const runtime = `/run/user/${user.uid}`;
  const about = { id, name: `the manager of ${printable(user.name)}`, maskDirectory: `${runtime}/systemd/user.control`, strongest: `${user.home}/.config/systemd/user.control`, owner: { uid: user.uid, gid: user.gid } };
  return managerWith(about, isOurs ? ['--user'] : ['--user', '-M', `${user.name}@`], isOurs ? { XDG_RUNTIME_DIR: runtime } : {}, place);
}

function managerWith(about: About, prefix: readonly string[], env: { [name: string]: string }, place?: UserManager): Manager {
  const { id, name } = about;
  let silence = place === undefined ? undefined : holdOf(place);
  const call = async (program: 'systemctl' | 'busctl', args: readonly string[]): Promise<ExecResult> => {
    // Others wait for jobs that have nothing left to wait for.
    const timeout = id.scope === 'system' || args[0] === 'try-restart' ? TIMEOUT_MS : USER_TIMEOUT_MS;
    try {
      if (silence === undefined) return await run(program, [...prefix, '--no-pager', ...(program === 'systemctl' ? ['--no-ask-password'] : []), ...args], { timeout, env });
    } catch (error) {
      if (id.scope === 'system' || !(error instanceof TickwardError) || error.code !== 'TIMEOUT') throw error;
      silence = (place === undefined ? undefined : holdOf(place)) ?? { why: `gave no answer within ${timeout / 1000} s`, canLetGo: false };
    }
    throw new TickwardError('TIMEOUT', `${name} ${silence?.why}`, { hint: id.scope === 'system' ? '' : silenceHint(id.user) });
  };
  const systemctl = (args: readonly string[]): Promise<ExecResult> => call('systemctl', args);
  const busctl = async (args: readonly string[]): Promise<string | undefined> => {
    try {
      const { exitCode, stdout } = await call('busctl', args);
      return exitCode === 0 ? stdout : undefined;
    } catch (error) {
      // Who does not answer this answers nothing else. Without busctl it is systemctl that is asked.
      if (silence === undefined && error instanceof TickwardError && error.code === 'TIMEOUT') throw error;
      return undefined;
    }
  };
  const asked = async (args: readonly string[]): Promise<string | undefined> => {
    try {
      return answered(await systemctl(args), about);
    } catch (error) {
      if (silence === undefined) throw error;
      return undefined;
    }
  };
  return {
    ...about,
    get silence() {
      return silence;
    },
    wake() {
      if (place !== undefined) letGo(place);
      silence = undefined;
    },
    async command(...args) {
      const result = await systemctl(args);
      if (result.exitCode !== 0) throw new TickwardError('FAILED', `${name} did not do "${printable(args.join(' '))}": ${firstLineOf(result.stderr)}`, { hint: `try it by hand: systemctl ${[...prefix, ...args].map(printable).join(' ')}` });
    },
    async states(units, which) {
      const loadable = units.filter(isLoadable);
      if (loadable.length === 0) return [];
      const names = loadable.map(instancesOf);
      const known = which === 'loaded' ? await loadedStates(names.map(ifLoaded), busctl) : undefined;
      if (known !== undefined && silence === undefined) return known;
      const text = await asked(['show', '-p', PROPERTIES, '--', ...(which === 'loaded' ? names.map(ifLoaded) : names)]);
      if (text === undefined) return place === undefined ? [] : statesBelow(place, loadable);
      return text.split('\n\n').map(parseState).filter((state) => state.id !== '');
    },
    async unitPath() {
      const text = await asked(['show', '-p', 'UnitPath', '--value']);
      return text?.trim().split(' ').filter((path) => path.startsWith('/')) ?? [];
    },
  };
}

/** What ends a manager that does not answer, for a person to decide. */
export function silenceHint(user: string): string {
  return `loginctl terminate-user ${printable(user)} ends it with all that it runs; then try again`;
}

/** What those that cannot be told anything mean for what is planned. */
export function silenceNotes(managers: readonly Manager[]): string[] {
  return managers.flatMap(({ id, name, silence }) => (id.scope === 'system' || silence === undefined || silence.canLetGo ? [] : [`${name} ${silence.why}: what it has in memory it may start when it goes on; ${silenceHint(id.user)}`]));
}

function answered({ exitCode, stdout, stderr }: ExecResult, { id, name }: About): string {
  if (exitCode !== 0) throw new TickwardError('FAILED', `${name} does not answer: ${firstLineOf(stderr)}`, { hint: id.scope === 'system' ? 'see systemctl status' : silenceHint(id.user) });
  return stdout;
}

/** systemctl(1) takes patterns; no unit's own name is one, see `isLoadable`. */
function instancesOf(unit: string): string {
  return unit.includes('@.') ? unit.replace('@.', '@*.') : unit;
}

function parseState(block: string): UnitState {
  const value = (name: string): string => shownProperty(block, name);
  return { id: value('Id'), load: value('LoadState'), active: value('ActiveState'), freezer: value('FreezerState'), cgroup: value('ControlGroup'), fragment: value('FragmentPath'), invocation: value('InvocationID') };
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
