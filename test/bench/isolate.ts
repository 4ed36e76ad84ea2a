/** How fast a host is cut off, counted at a peer that it floods: two network namespaces, joined by a pair of interfaces, without a service manager. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Benchmark, Measured } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { median } from './statistics.ts';

const ROUNDS = 11;
const HERE = import.meta.dirname;
const LIMIT_MS = 20_000;

/** Prints when each datagram came, in ms since the epoch, once a line comes on its input. */
const RECEIVER = `
const times = [];
const socket = require('node:dgram').createSocket('udp6');
socket.on('message', () => times.push(performance.timeOrigin + performance.now()));
socket.bind(5555, () => console.error('up'));
process.stdin.once('data', () => { console.log(JSON.stringify(times)); process.exit(); });`;

/** As many as go, over both families. */
const FLOOD = `
const { createSocket } = require('node:dgram');
const [four, six] = [createSocket('udp4'), createSocket('udp6')];
const send = (socket, address) => socket.send('x', 5555, address, () => setTimeout(send, 0, socket, address));
send(four, '10.99.7.2'); send(six, 'fd97::2');`;

interface Round {
  /** From the start of the action, with its plan, to the last packet that came. ms */
  decided: number;
  /** From the announcement in the journal to the last packet that came. ms */
  effect: number;
  /** From the start of the action to its end: with the ending of connections and the self-test. ms */
  whole: number;
  /** From the start of the release to the first packet that comes again. ms */
  release: number;
  /** Packets that came after the action had ended, until the release. */
  leaked: number;
  received: number;
}

export const isolate: Benchmark = {
  name: 'isolate',
  summary: 'until the host is cut off, and what gets through afterwards',
  limit: 180,
  async run(lab): Promise<Measured> {
    const rounds: Round[] = [];
    for (let round = 0; round < (lab.quick ? 2 : ROUNDS); round += 1) rounds.push(await measure(lab));
    const of = (which: keyof Round): number => median(rounds.map((round) => round[which]));
    return {
      figures: [
        { name: 'announced to effect', value: of('effect'), unit: 'ms', target: { most: 100 }, note: slowest(rounds.map(({ effect }) => effect)) },
        { name: 'the same with the plan and its checks', value: of('decided'), unit: 'ms', note: slowest(rounds.map(({ decided }) => decided)) },
        { name: 'packets through afterwards', value: Math.max(...rounds.map(({ leaked }) => leaked)), unit: 'packets', target: { most: 0 }, note: `the most of ${rounds.length}; ${of('received')} came before` },
        { name: 'with connections ended and the self-test', value: of('whole'), unit: 'ms' },
        { name: 'release to the first packet', value: of('release'), unit: 'ms' },
      ],
      raw: rounds.map((round) => ({ ...round })),
    };
  },
};

function slowest(values: readonly number[]): string {
  return `median of ${values.length}; the slowest ${Math.max(...values).toFixed(0)} ms`;
}

async function measure(lab: Lab): Promise<Round> {
  const id = randomBytes(3).toString('hex');
  const [host, peer] = [`twb-${id}-host`, `twb-${id}-peer`];
  const inside = (name: string, argv: readonly string[]): string[] => ['ip', 'netns', 'exec', name, ...argv];
  try {
    for (const name of [host, peer]) await lab.run(['ip', 'netns', 'add', name]);
    await lab.run(['ip', 'link', 'add', 'twh', 'netns', host, 'type', 'veth', 'peer', 'name', 'twp', 'netns', peer]);
    for (const [name, device, last] of [[host, 'twh', '1'], [peer, 'twp', '2']] as const) {
      await lab.run(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
      await lab.run(['ip', '-n', name, 'address', 'add', `10.99.7.${last}/24`, 'dev', device]);
      await lab.run(['ip', '-n', name, 'address', 'add', `fd97::${last}/64`, 'dev', device, 'nodad']);
      await lab.run(['ip', '-n', name, 'link', 'set', device, 'up']);
    }
    const receiver = lab.processes.start(inside(peer, [process.execPath, '-e', RECEIVER]), { stdout: 'pipe' });
    let printed = '';
    receiver.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
    if (!(await lab.until(() => receiver.errors().includes('up'), LIMIT_MS))) throw new Error(`the receiver did not start: ${receiver.errors()}`);
    const flood = lab.processes.start(inside(host, [process.execPath, '-e', FLOOD]));
    const times = JSON.parse(await lab.run(inside(host, [process.execPath, join(HERE, 'isolate-inside.ts')]))) as { started: number; announced: number; ended: number; releasing: number };
    receiver.stdin.write('\n');
    if (!(await lab.until(() => receiver.ended, LIMIT_MS))) throw new Error('the receiver did not end');
    flood.process.kill('SIGKILL');
    const arrivals = JSON.parse(printed) as number[];
    const before = arrivals.filter((time) => time <= times.ended);
    const last = Math.max(times.announced, ...before.slice(-1));
    const again = arrivals.find((time) => time > times.releasing) ?? Number.NaN;
    return { decided: last - times.started, effect: last - times.announced, whole: times.ended - times.started, release: again - times.releasing, leaked: arrivals.filter((time) => time > times.ended && time < times.releasing).length, received: before.length };
  } finally {
    for (const name of [host, peer]) await lab.run(['ip', 'netns', 'del', name]).catch(() => '');
  }
}
