/** Networks of a test's own: namespaces joined by pairs of interfaces, with real processes in them. */
import { execFileSync, spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { isRoot, missingPackages } from './needs.ts';

/** Why there can be none here; undefined where there can. */
export const noNetwork: string | undefined = reason();

function reason(): string | undefined {
  if (!isRoot) return 'needs root: sudo npm test';
  const missing = missingPackages([['ip', 'iproute2'], ['nft', 'nftables'], ['ping', 'iputils-ping'], ['python3', 'python3']]);
  if (missing.length > 0) return `needs a network: apt-get install ${missing.join(' ')}`;
  const name = `tw-try-${process.pid}`;
  try {
    if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return 'needs network namespaces (ip netns add)';
    return spawnSync('ip', ['netns', 'exec', name, 'nft', 'list', 'ruleset']).status === 0 ? undefined : 'needs nf_tables in the kernel';
  } finally {
    spawnSync('ip', ['netns', 'del', name]);
  }
}

export interface Namespace {
  name: string;
  /** Runs a program to its end; throws when it fails. */
  run(argv: readonly string[], options?: { input?: string }): string;
  /** Whether it ended with 0. */
  succeeds(argv: readonly string[]): boolean;
  /** Ended with the test. */
  start(argv: readonly string[]): Running;
}

export interface Running {
  child: ChildProcessByStdio<Writable, Readable, null>;
  /** What it said so far. */
  said(): string;
}

/** One of a name of its own, or one that is there. It ends with the test when it was made here. */
export function namespace(existing?: string): Namespace {
  const name = existing ?? `tw-${randomBytes(4).toString('hex')}`;
  if (existing === undefined) {
    execFileSync('ip', ['netns', 'add', name]);
    onTestFinished(() => void spawnSync('ip', ['netns', 'del', name]));
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  }
  const inside = (argv: readonly string[]): string[] => ['netns', 'exec', name, ...argv];
  return {
    name,
    run: (argv, { input } = {}) => execFileSync('ip', inside(argv), { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...(input === undefined ? {} : { input }) }),
    succeeds: (argv) => spawnSync('ip', inside(argv), { timeout: 20_000 }).status === 0,
    start(argv) {
      const child = spawn('ip', inside(argv), { stdio: ['pipe', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (data: string) => (text += data));
      onTestFinished(async () => {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      });
      return { child, said: () => text };
    },
  };
}

/** Joins two by a pair of interfaces with these addresses (`10.99.7.1/24`); gives the names of the interfaces. */
export function join(one: Namespace, other: Namespace, addresses: readonly [readonly string[], readonly string[]]): [string, string] {
  const id = randomBytes(3).toString('hex');
  const names: [string, string] = [`twa${id}`, `twb${id}`];
  execFileSync('ip', ['link', 'add', names[0], 'netns', one.name, 'type', 'veth', 'peer', 'name', names[1], 'netns', other.name]);
  for (const [index, { name }] of [one, other].entries()) {
    const device = names[index] ?? '';
    for (const address of addresses[index] ?? []) execFileSync('ip', ['-n', name, 'address', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : [])]);
    execFileSync('ip', ['-n', name, 'link', 'set', device, 'up']);
  }
  return names;
}
