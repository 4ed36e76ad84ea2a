/** A host of the test's own: mount namespace in which unit directories, homes and users are others than the machine's. */
import { spawn, spawnSync, type ChildProcessByStdio, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { isRoot } from './needs.ts';
import { built, REPOSITORY } from './program.ts';

/** A user that only this host has. */
export const USER = { name: 'drill', uid: 54_321, home: '/home/drill' };

/** Where the repository is on that host: readable also where its own parents are closed to others. */
export const MOUNTED = '/mnt/tickward';
/** Its own /tmp, for programs that are told so by TMPDIR. */
export const SCRATCH = '/mnt/tmp';
export const TICKWARD = built('src/cli/tickward', MOUNTED);

const NEW = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
const ENTER = isRoot ? ['--mount'] : ['--user', '--mount', '--preserve-credentials'];

/** Why such a host cannot be had here; undefined where it can. */
export const noHost: string | undefined = spawnSync('unshare', [...NEW, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0 ? undefined : 'needs a mount namespace: run as root, with unshare and nsenter (apt-get install util-linux)';
/** The same for what only the machine's own root may: become another user, be told of processes by the kernel. */
export const notRoot: string | undefined = isRoot ? noHost : 'needs root: sudo npm test';

/** /run/systemd is hidden: no manager of the machine is asked for anything. */
const SETUP = `
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir ${MOUNTED}
mkdir -m 1777 ${SCRATCH}
mount --bind "$1" ${MOUNTED}
cp /etc/passwd /mnt/passwd
echo '${USER.name}:x:${USER.uid}:${USER.uid}::${USER.home}:/bin/sh' >> /mnt/passwd
mount --bind /mnt/passwd /etc/passwd
mkdir -p /etc/systemd
mount -t tmpfs -o mode=755 tmpfs /etc/systemd
mkdir -p /etc/systemd/system /etc/systemd/user
mount -t tmpfs -o mode=755 tmpfs /home
mkdir ${USER.home}
chown ${USER.uid} ${USER.home} 2>/dev/null || true
if [ -d /run/systemd ]; then mount -t tmpfs -o mode=755 tmpfs /run/systemd; fi
echo ready
exec cat
`;

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export interface OwnHost {
  /** Runs a program there to its end. */
  run(argv: readonly string[], options?: { input?: string; env?: NodeJS.ProcessEnv; timeout?: number }): SpawnSyncReturns<string>;
  /** Starts a program there; it is ended with the test. */
  start(argv: readonly string[]): Child;
  /** The arguments with which a program runs there. */
  enter(argv: readonly string[]): string[];
  /** The same program as the host's own user. */
  asUser(argv: readonly string[]): string[];
}

/** It ends with the test, and also when the test is ended: its first process waits on our pipe. */
export async function ownHost(): Promise<OwnHost> {
  const holder = spawn('unshare', [...NEW, '--propagation', 'private', 'sh', '-c', SETUP, 'sh', REPOSITORY], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    holder.stdin.end();
    if (holder.exitCode === null) await once(holder, 'exit');
  });
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => Promise.reject(new Error('the host could not be set up')))]);
  const enter = ['--target', String(holder.pid), ...ENTER, '--'];
  return {
    run: (argv, { input, env, timeout } = {}) => spawnSync('nsenter', [...enter, ...argv], { encoding: 'utf8', timeout: timeout ?? 20_000, maxBuffer: 64 * 1024 ** 2, ...(input === undefined ? {} : { input }), ...(env === undefined ? {} : { env }) }),
    start(argv) {
      const child = spawn('nsenter', [...enter, ...argv], { stdio: 'pipe' });
      onTestFinished(async () => {
        child.kill('SIGTERM');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      });
      return child;
    },
    enter: (argv) => ['nsenter', ...enter, ...argv],
    asUser: (argv) => ['setpriv', '--reuid', String(USER.uid), '--regid', String(USER.uid), '--clear-groups', 'env', '-i', `HOME=${USER.home}`, `USER=${USER.name}`, 'PATH=/usr/bin:/bin', `TMPDIR=${SCRATCH}`, ...argv],
  };
}

/** Collects what a stream says. */
export function collect(stream: Readable): { text(): string } {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (data: string) => {
    text += data;
  });
  return { text: () => text };
}
