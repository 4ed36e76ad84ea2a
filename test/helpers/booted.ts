/** Real Debian hosts with systemd as their first process, booted from one base tree, thrown away after the test. */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { isRoot, missingPackages } from './needs.ts';
import { built, CACHE, REPOSITORY } from './program.ts';
import { until } from './until.ts';

const SUITE = 'bookworm';
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'dbus-user-session', 'nftables', 'iptables', 'iproute2', 'procps', 'openssh-server', 'cron', 'at', 'sudo'];
/** Made once (40 s) and kept. */
export const BASE = join(CACHE, `base-${SUITE}-4`);

/**
 * What no test reads is left out by dpkg, also of packages that are installed later. It is told once the essential packages are there, and what those brought is removed:
 * from the start mmdebstrap would send each of them through a filter in Python, which takes 20 s.
 */
const LEAVE_OUT = `for each in man doc locale; do rm -rf "$1/usr/share/$each"/*; echo "path-exclude=/usr/share/$each/*"; done > "$1/etc/dpkg/dpkg.cfg.d/left-out"`;

/** Where the checkout is on it. */
export const CHECKOUT = '/opt/tickward';
export const PROGRAM = built('src/cli/tickward', CHECKOUT);

/** What its services may call beyond what systemd-nspawn lets them: as on a host that is no container. */
const SENSING = 'bpf fanotify_init fanotify_mark open_by_handle_at';

/** Where control groups of version 2 are: alone, or beside those of version 1. */
const cgroups = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')).find((fields) => fields[2] === 'cgroup2')?.[1];

/** Why no host can be booted here; undefined where one can. */
export const noBoot: string | undefined = reason();

function reason(): string | undefined {
  if (!isRoot) return 'needs root: sudo npm test';
  const missing = missingPackages([['systemd-nspawn', 'systemd-container'], ['mmdebstrap', 'mmdebstrap'], ['ip', 'iproute2']]);
  if (missing.length > 0) return `needs a host to boot: apt-get install ${missing.join(' ')}`;
  if (cgroups === undefined) return 'needs control groups of version 2';
  try {
    const probe = join(cgroups, `tickward-probe-${process.pid}`);
    mkdirSync(probe);
    rmdirSync(probe);
  } catch {
    return 'needs control groups that can be written';
  }
  const name = `tickward-${process.pid}`;
  const network = spawnSync('ip', ['netns', 'add', name]).status === 0;
  spawnSync('ip', ['netns', 'del', name]);
  return network ? undefined : 'needs network namespaces (ip netns add)';
}

/** Undefined once the base tree is there; else why it could not be made (no network, say). Of several test files that ask at once one makes it. */
export function prepareBase(): string | undefined {
  if (existsSync(BASE)) return undefined;
  mkdirSync(CACHE, { recursive: true });
  const part = `${BASE}.part`;
  const arguments_ = ['--variant=minbase', '--mode=root', `--include=${PACKAGES.join(',')}`, '--aptopt=APT::Install-Recommends "false"', `--essential-hook=${LEAVE_OUT}`, SUITE, part];
  const script = 'base=$1 part=$2; shift 2; [ ! -e "$base" ] || exit 0; rm -rf -- "$part"; mmdebstrap "$@" && mv -T -- "$part" "$base"';
  const made = spawnSync('flock', [`${BASE}.lock`, 'sh', '-c', script, 'sh', BASE, part, ...arguments_], { encoding: 'utf8', timeout: 600_000 });
  return made.status === 0 ? undefined : `mmdebstrap failed: ${made.stderr.trim().split('\n').at(-1) ?? ''}`;
}

export interface BootOptions {
  /** In place of the base tree: one with more in it. */
  tree?: string;
  /** Whether it has the checkout (it has). */
  checkout?: boolean;
}

export interface Booted {
  /** Its root directory, as seen from outside: for files and sockets of both sides. */
  root: string;
  /** Of its network, for `ip netns exec`; at first it has nothing but a loopback. */
  network: string;
  /** What `run` puts before a program: it may be run by others as well. */
  enter: readonly string[];
  run(argv: readonly string[], options?: { timeout?: number }): SpawnSyncReturns<string>;
  shell(script: string): SpawnSyncReturns<string>;
  /** In a session of that user, with that user's manager. */
  as(user: string, argv: readonly string[]): SpawnSyncReturns<string>;
}

/** Ended with the test (or what else calls at its end): its control group is killed, its network and its changes are gone. */
export async function boot(atEnd: (clean: () => Promise<void>) => void = onTestFinished, { tree = BASE, checkout = true }: BootOptions = {}): Promise<Booted> {
  const name = `tw-${randomBytes(3).toString('hex')}`;
  const group = join(cgroups ?? '', `tickward-${name}`);
  mkdirSync(group);
  spawnSync('ip', ['netns', 'add', name]);
  spawnSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  // Its own control group, or hosts would manage each other's units.
  const nspawn = spawn('sh', ['-c', 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"', 'sh', group, 'systemd-nspawn', '--quiet', '--boot', '--directory', tree, `--machine=${name}`, `--hostname=${name}`, '--volatile=overlay', ...(checkout ? [`--bind-ro=${REPOSITORY}:${CHECKOUT}`] : []), '--capability=CAP_NET_ADMIN,CAP_NET_RAW', `--system-call-filter=${SENSING}`, '--register=no', '--keep-unit', `--network-namespace-path=/run/netns/${name}`, '--resolv-conf=off', '--timezone=off', '--link-journal=no', '--console=pipe'], { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' } });
  let log = '';
  for (const stream of [nspawn.stdout, nspawn.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  atEnd(async () => {
    writeFileSync(join(group, 'cgroup.kill'), '1');
    await until(() => readFileSync(join(group, 'cgroup.events'), 'utf8').includes('populated 0'), () => 'the end of the host');
    for (const each of [group, `/sys/fs/cgroup/systemd/tickward-${name}`]) removeGroups(each);
    spawnSync('ip', ['netns', 'del', name]);
    // What systemd-nspawn leaves when it is killed.
    for (const each of ['propagate', 'unix-export']) rmSync(`/run/systemd/nspawn/${each}/${name}`, { recursive: true, force: true });
  });
  let leader: number | undefined;
  await until(() => {
    leader = childOf(nspawn.pid ?? 0);
    return leader !== undefined || nspawn.exitCode !== null;
  }, () => `the start of systemd: ${log}`, 30_000);
  const enter = ['nsenter', '--target', String(leader), '--mount', '--pid', '--net', '--uts', '--ipc', '--cgroup', '--', 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'];
  const run: Booted['run'] = (argv, { timeout } = {}) => spawnSync('env', [...enter, ...argv], { encoding: 'utf8', timeout: timeout ?? 30_000 });
  await until(() => ['running', 'degraded'].includes(run(['systemctl', 'is-system-running']).stdout.trim()), () => `the boot: ${log}`, 30_000);
  return {
    root: `/proc/${leader}/root`,
    network: name,
    enter,
    run,
    shell: (script) => run(['sh', '-ec', script]),
    as: (user, argv) => run(['runuser', '-u', user, '--', 'sh', '-c', 'XDG_RUNTIME_DIR=/run/user/$(id -u) HOME=$(getent passwd "$(id -un)" | cut -d: -f6) exec "$@"', 'sh', ...argv]),
  };
}

function childOf(pid: number): number | undefined {
  const found = spawnSync('pgrep', ['--parent', String(pid), '--exact', 'systemd'], { encoding: 'utf8' }).stdout.trim().split('\n')[0];
  return found ? Number(found) : undefined;
}

/** Only directories of control groups, from the innermost. */
function removeGroups(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeGroups(join(path, entry.name));
  rmdirSync(path);
}
