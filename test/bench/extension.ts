/** The osquery extension over its socket, as osquery asks it: a connection for each call. 100,000 events are stored before it starts. */
import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { FileEvent } from '../../src/model/event.ts';
import { createManagerClient } from '../../src/osquery/client.ts';
import { Framer } from '../../src/osquery/frame.ts';
import { encodeCall } from '../../src/osquery/message.ts';
import { openStore } from '../../src/store/index.ts';
import { contextOf, playManager, type PlayedManager } from '../helpers/manager.ts';
import type { Benchmark, Measured } from './benchmark.ts';
import { install } from './installed.ts';
import type { Lab } from './lab.ts';
import type { Child } from './processes.ts';
import { memoryMb } from './proc.ts';
import { median, percentile } from './statistics.ts';

const EVENTS = 100_000;
const CALLS = 100_000;
const STARTS = 5;
/** The first of them compile what the rest run by. */
const LARGE_CALLS = 31;
const LARGE_ROWS = 10_000;
/** What a start leaves behind is collected by then; the calls before are not counted in the latency. */
const SETTLE_MS = 2_000;
const WARM_UP = 1_000;

/** Ten events a second, up to now: what is older than the retention would be removed meanwhile. */
const APART_MS = 100;
const FIRST_MS = Math.floor(Date.now() / 1_000) * 1_000 - EVENTS * APART_MS;
/** SQLite's operators as osquery numbers them. */
const EQUALS = 2;
const AT_LEAST = 32;

interface Running {
  manager: PlayedManager;
  uuid: string;
  child: Child;
  /** From exec of the launcher to the registration. */
  registeredMs: number;
}

export const extension: Benchmark = {
  name: 'extension',
  summary: 'calls over the socket of the osquery extension, and its memory, with 100,000 stored events',
  limit: 900,
  async run(lab): Promise<Measured> {
    lab.freshHost();
    const stateDir = join(lab.disk, 'state');
    const { extension: program } = await install(lab);
    lab.progress(`storing ${EVENTS} events`);
    storeEvents(stateDir);
    const registered: number[] = [];
    for (let round = 0; round < STARTS; round += 1) registered.push(await running(lab, { program, stateDir, round }, async ({ registeredMs }) => registeredMs));
    const { before, small, after, large, most } = await running(lab, { program, stateDir, round: STARTS }, async (started) => {
      await lab.sleep(SETTLE_MS);
      const resident = (which: 'VmRSS' | 'VmHWM'): number => memoryMb(started.child.pid, which);
      const atFirst = resident('VmRSS');
      const few = await smallCalls(lab, started);
      const atLast = resident('VmRSS');
      const many = await largeCalls(lab, started);
      return { before: atFirst, small: few, after: atLast, large: many, most: resident('VmHWM') };
    });
    return {
      figures: [
        { name: 'launcher to registered', value: median(registered), unit: 'ms', target: { most: 1_000 }, note: `median of ${STARTS}, BPF loads afterwards; the slowest ${Math.max(...registered).toFixed(0)} ms` },
        { name: 'a call with 1 row, p50', value: percentile(small, 50), unit: 'ms', target: { most: 0.5 }, note: 'connection, question and answer, both sides in Node' },
        { name: 'a call with 1 row, p99', value: percentile(small, 99), unit: 'ms', target: { most: 3 } },
        { name: '10,000 rows, all columns', value: median(large.ms), unit: 'ms', target: { most: 120 }, note: `median of ${large.ms.length}, until the last byte is there; ${(large.bytes / 1e6).toFixed(1)} MB; the very first ${large.ms[0]?.toFixed(0)} ms, the slowest of the last ten ${Math.max(...large.ms.slice(-10)).toFixed(0)} ms` },
        { name: 'resident before', value: before, unit: 'MB', target: { most: 90 } },
        { name: `resident after ${small.length + WARM_UP} calls`, value: after, unit: 'MB', target: { most: 90 }, note: `at the highest, with the large answers, ${most.toFixed(0)} MB` },
      ],
      raw: { registered, small: { calls: small.length, p50: percentile(small, 50), p90: percentile(small, 90), p99: percentile(small, 99), most: Math.max(...small) }, large: { ...large }, resident: { before, after, most } },
    };
  },
};

/** The extension, as packages carry it, for as long as `use` takes. */
async function running<Result>(lab: Lab, { program, stateDir, round }: { program: string; stateDir: string; round: number }, use: (started: Running) => Promise<Result>): Promise<Result> {
  const directory = join(lab.disk, `manager-${round}`);
  mkdirSync(directory);
  const manager = await playManager(directory);
  const registration = manager.nextRegistration();
  const before = performance.now();
  const child = lab.processes.startDirectly(['/bin/sh', program, '--socket', manager.socket, '--timeout', '3', '--interval', '3', '--state-dir', stateDir], { env: {} });
  try {
    const uuid = await registration;
    return await use({ manager, uuid, child, registeredMs: performance.now() - before });
  } finally {
    await lab.processes.end(child);
    await manager.close();
  }
}

async function smallCalls(lab: Lab, { manager, uuid }: Running): Promise<number[]> {
  const client = createManagerClient(`${manager.socket}.${uuid}`, 10_000);
  const context = contextOf(['eid', EQUALS, eidOf(7)]);
  const took: number[] = [];
  for (let call = 0; call < lab.scaled(CALLS); call += 1) {
    lab.signal.throwIfAborted();
    const before = performance.now();
    const { response } = await client.call('table', 'systemd_timer_events', context);
    if (call >= WARM_UP) took.push(performance.now() - before);
    if (response.length !== 1) throw new Error(`${response.length} rows instead of one`);
  }
  return took;
}

async function largeCalls(lab: Lab, { manager, uuid }: Running): Promise<{ ms: number[]; bytes: number }> {
  const since = (FIRST_MS + (EVENTS - LARGE_ROWS) * APART_MS) / 1000;
  const call = encodeCall('call', ['table', 'systemd_timer_events', contextOf(['time', AT_LEAST, String(since)])]);
  const ms: number[] = [];
  let bytes = 0;
  for (let round = 0; round < LARGE_CALLS; round += 1) {
    lab.signal.throwIfAborted();
    const before = performance.now();
    bytes = await lengthOfAnswer(`${manager.socket}.${uuid}`, call);
    ms.push(performance.now() - before);
  }
  return { ms, bytes };
}

/** Its rows are not decoded here: osquery's side of it is not ours to measure. */
function lengthOfAnswer(path: string, call: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const framer = new Framer({ bytes: 1e9, elements: 1e9 });
    const socket = createConnection(path, () => socket.write(call));
    socket.on('error', reject);
    socket.on('data', (data: Buffer) => {
      for (const message of framer.push(data)) {
        socket.destroy();
        resolve(message.length);
      }
    });
  });
}

const eidOf = (n: number): string => `bench-${String(n).padStart(8, '0')}`;

function storeEvents(stateDir: string): void {
  const store = openStore(stateDir);
  for (let at = 0; at < EVENTS; at += 1_000) store.events.append(Array.from({ length: 1_000 }, (_, index) => eventOf(at + index)));
  store.close();
}

/** Each by a process of its own, as one-shot creators are. */
function eventOf(n: number): FileEvent {
  const name = `unit-${n}.timer`;
  return {
    '@timestamp': new Date(FIRST_MS + n * APART_MS).toISOString(),
    event: { id: eidOf(n), kind: 'event', category: ['file'], type: ['creation'], action: 'creation', dataset: 'tickward.file' },
    host: { name: 'host', hostname: 'host', architecture: 'x86_64', os: { type: 'linux', kernel: '6.1' } },
    file: { path: `/etc/systemd/system/${name}`, directory: '/etc/systemd/system', name, extension: 'timer', type: 'file', size: 120, mode: '0644', uid: '0', gid: '0', owner: 'root', group: 'root', inode: String(1_000_000 + n), mtime: new Date(FIRST_MS + n * APART_MS).toISOString(), hash: { sha256: n.toString(16).padStart(64, '0') } },
    process: { pid: 1_000 + n, executable: '/usr/bin/dash', name: 'dash', command_line: `/bin/sh -c echo ${n} > ${name}`, args: ['/bin/sh', '-c', `echo ${n} > ${name}`], working_directory: '/root', parent: { pid: 900, executable: '/usr/bin/bash', name: 'bash' }, user: { id: '0', name: 'root' }, group: { id: '0' } },
    user: { id: '0', name: 'root' },
    tickward: { attribution: 'exact', source: 'fanotify', unit: name, unit_type: 'timer', scope: 'system', auid: '1000', cgroup: '/user.slice/user-1000.slice/session-1.scope', ancestry: [{ pid: 900, executable: '/usr/bin/bash', name: 'bash' }, { pid: 1, executable: '/usr/lib/systemd/systemd', name: 'systemd' }] },
  };
}
