/** What running service managers say about their timers, through systemctl(1) and busctl(1): all timers of a manager in a few calls. */
import { run } from '../exec.ts';
import { askForUnits, blockOf, listedUnits, listingOf, secondsUntil, type Answer, type Call } from '../host/manager-units.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import { bootTimeMs } from '../host/proc.ts';
import { slowFiles, slowPreset } from '../host/slow-units.ts';
import { hasUserManager, isBooted } from '../host/systemd.ts';
import { ifLoaded } from '../host/units.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import type { Scope } from '../model/event.ts';
import { firstLineOf } from '../model/text.ts';
import { isoOf } from '../model/timestamp.ts';

export interface ManagedTimer {
  unit: string;
  scope: Scope;
  user?: string;
  load: string;
  active: string;
  enabled: string;
  path: string;
  /** Absent where it is not known. */
  transient?: boolean;
  /** ISO 8601. */
  next?: string;
  last?: string;
  service: string;
}

const PROPERTIES = ['Id', 'LoadState', 'ActiveState', 'UnitFileState', 'FragmentPath', 'Transient', 'NextElapseUSecRealtime', 'NextElapseUSecMonotonic', 'LastTriggerUSec', 'Unit', 'Triggers'];
/** Of all that a manager is asked for. */
const TIMEOUT_MS = 15_000;
/** Bytes: of a hundred thousand units, what there is of each. */
const MOST_SAID = 64 * 1024 ** 2;
/** Of one unit. */
const UNIT_TIMEOUT_MS = 2_000;

interface Asked {
  scope: Scope;
  user?: string;
  entry?: PasswdEntry;
  prefix: string[];
  env: Record<string, string>;
}

const SYSTEM: Asked = { scope: 'system', prefix: [], env: {} };

function managerOf(user: PasswdEntry, uid: number): Asked {
  const isOwn = uid === user.uid;
  return { scope: 'user', user: user.name, entry: user, prefix: isOwn ? ['--user'] : ['--user', '-M', `${user.name}@`], env: isOwn ? { XDG_RUNTIME_DIR: `/run/user/${user.uid}` } : {} };
}

/** The timers of every manager that this user may ask; warnings for those that do not answer. */
export async function managedTimers(uid: number, users: readonly PasswdEntry[]): Promise<{ timers: ManagedTimer[]; warnings: string[] }> {
  if (!isBooted()) return { timers: [], warnings: ['systemd is not running here: states and runs are not known'] };
  const asked: Asked[] = [
    SYSTEM,
    ...users.filter((user) => (uid === 0 || uid === user.uid) && hasUserManager(user.uid)).map((user) => managerOf(user, uid)),
  ];
  const warnings: string[] = [];
  const timers = await Promise.all(asked.map(async (each) => {
    const { scope, user } = each;
    return (await blocksOf(each, warnings)).map((block) => timerOf(block, { scope, ...(user === undefined ? {} : { user }) }));
  }));
  return { timers: timers.flat(), warnings };
}

async function blocksOf({ user, entry, prefix, env }: Asked, warnings: string[]): Promise<string[]> {
  // Who is led to another user's manager is a unit of the system's.
  const preset = slowPreset('system');
  if (prefix.includes('-M') && preset !== undefined) {
    warnings.push(`the manager of ${user} is not asked: on the way to it systemd would read ${preset}, and answer nobody for that long`);
    return [];
  }
  const end = performance.now() + TIMEOUT_MS;
  const said = async ({ program, args }: Call): Promise<Answer> => {
    try {
      const { exitCode, stdout, stderr } = await run(program, [...prefix, ...args], { timeout: secondsUntil(end), maxBuffer: MOST_SAID, env: { ...env, TZ: 'UTC' } });
      if (exitCode !== 0 && program === 'systemctl') warnings.push(`the manager of ${user ?? 'the system'} does not answer: ${firstLineOf(stderr)}`);
      return { stdout, isLast: performance.now() > end };
    } catch (error) {
      if (program === 'busctl' && error instanceof TickwardError && error.code === 'UNSUPPORTED') return { stdout: '' };
      warnings.push(messageOf(error));
      return { stdout: '', isLast: true };
    }
  };
  const asking = askForUnits('*.timer', ['--timestamp=unix', '-p', PROPERTIES.join(',')], slowFiles(entry), user !== undefined);
  let step = asking.next();
  while (step.done !== true) step = asking.next(await said(step.value));
  warnings.push(...step.value.notes);
  return step.value.blocks;
}

/** One block of `systemctl show --timestamp=unix`. */
export function timerOf(block: string, of: { scope: Scope; user?: string }): ManagedTimer {
  const values = valuesOf(block);
  const value = (name: string): string => values.get(name) ?? '';
  const realtime = moment(value('NextElapseUSecRealtime'));
  const monotonic = spanMs(value('NextElapseUSecMonotonic'));
  const next = Math.min(realtime ?? Infinity, monotonic === undefined ? Infinity : bootTimeMs() + monotonic);
  const nextText = isoOf(next);
  const last = moment(value('LastTriggerUSec'));
  return {
    unit: value('Id'),
    ...of,
    load: value('LoadState'),
    active: value('ActiveState'),
    enabled: value('UnitFileState'),
    path: value('FragmentPath'),
    ...(values.has('Transient') ? { transient: value('Transient') === 'yes' } : {}),
    ...(nextText === null ? {} : { next: nextText }),
    ...(last === undefined ? {} : { last: new Date(last).toISOString() }),
    service: value('Unit') || (value('Triggers').split(' ')[0] ?? ''),
  };
}

export function valuesOf(block: string): Map<string, string> {
  return new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** `@1700000000` in ms, or `Thu 2026-11-26 00:00:00 UTC`, as systemd up to 252 writes the next run all the same; undefined for `n/a`, an empty text and 0, which all mean never. */
function moment(text: string): number | undefined {
  const [, day, time] = /^\w{3} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? UTC$/.exec(text) ?? [];
  if (day !== undefined && time !== undefined) return Date.parse(`${day}T${time}Z`);
  const seconds = Number(/^@(\d+)$/.exec(text)?.[1] ?? 0);
  return seconds === 0 ? undefined : seconds * 1000;
}

const SPANS: Record<string, number> = { y: 31_557_600_000, month: 2_629_800_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, min: 60_000, s: 1_000, ms: 1, us: 0.001 };

/** `1d 2h 3min 4.5s` (systemd.time(7)) in ms; undefined for `infinity`, an empty text and 0, which mean never. */
export function spanMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(y|month|w|d|h|min|s|ms|us)\b/g)];
  const span = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (SPANS[unit ?? ''] ?? 0), 0);
  return span > 0 ? span : undefined;
}

/**
 * What the manager of a unit says about it, a `KEY=value` line for each property (systemctl(1), show): for `timerOf` and `valuesOf`. Undefined where no manager runs or it does not answer.
 * Where its files are slow to read (`isSlow`) only the state is asked, if it is loaded: for more systemd would read them.
 */
export async function askAbout(unit: string, isSlow: boolean, { scope, user }: { scope: Scope; user?: string }, uid: number, users: readonly PasswdEntry[], properties: readonly string[] = PROPERTIES): Promise<string | undefined> {
  if (!isBooted() || !unit.isWellFormed()) return undefined;
  const owner = users.find(({ name }) => name === user);
  const of = scope === 'system' ? SYSTEM : owner !== undefined && hasUserManager(owner.uid) ? managerOf(owner, uid) : undefined;
  if (of === undefined || (of.prefix.includes('-M') && slowPreset('system') !== undefined)) return undefined;
  const listsOnly = isSlow || slowPreset(scope) !== undefined;
  const [program, args] = listsOnly ? ['busctl', listingOf([ifLoaded(unit)])] : ['systemctl', ['show', '--timestamp=unix', '-p', properties.join(','), '--', unit]];
  try {
    const { exitCode, stdout } = await run(program, [...of.prefix, ...args], { timeout: UNIT_TIMEOUT_MS, env: { ...of.env, TZ: 'UTC' } });
    if (exitCode !== 0) return undefined;
    return listsOnly ? listedUnits(stdout)?.map(blockOf)[0] : stdout.trim();
  } catch {
    return undefined;
  }
}
