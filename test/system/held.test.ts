/** A response that is killed while it holds what it is about to end, frozen or stopped: gone on with, begun anew or undone, nothing stays so, and nothing is lost. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { boot, CHECKOUT, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';
import { json } from '../helpers/lines.ts';
import { programOf } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';

/** Four processes, one of them in a session of its own. */
const plant = (restart: string): string => `
cat > /root/spawn <<'END'
#!/bin/sh
setsid sleep 4321 &
sleep 4321 &
sh -c 'sleep 4321 & wait' &
exec sleep 4321
END
chmod 755 /root/spawn
printf '[Timer]\\nOnCalendar=hourly\\n' > /etc/systemd/system/evil.timer
printf '[Service]\\nExecStart=/root/spawn\\nKillMode=process\\nRestart=${restart}\\nRestartSec=0\\n' > /etc/systemd/system/evil.service
systemctl daemon-reload
systemctl start evil.timer evil.service
`;

/** The planted processes by number, with their state (proc(5)). */
function planted(host: Booted): Map<string, string> {
  return new Map(host.shell("ps -eo pid=,stat=,args= | awk '$3 == \"sleep\" && $4 == \"4321\" { print $1, substr($2, 1, 1) }'").stdout.split('\n').filter(Boolean).map((line) => line.split(' ') as [string, string]));
}

/** Control groups that are told to freeze, and processes that are stopped. */
function held(host: Booted): string {
  return host.shell("grep -lsr '^1' --include=cgroup.freeze /sys/fs/cgroup || true; ps -eo pid=,stat=,args= | awk '$2 ~ /^T/'").stdout;
}

function mainProcess(host: Booted): { pid: number; start: string } {
  const [pid, start] = host.shell('systemctl show --property=MainPID --value evil.service; date -u -d "$(systemctl show --property=ExecMainStartTimestamp --value evil.service)" +%FT%TZ').stdout.trim().split('\n');
  return { pid: Number(pid), start: start ?? '' };
}

/** Nothing where it was killed. */
function respond(host: Booted, state: string, action: string, params: object, kind = 'none'): string {
  return host.run(['sh', `${CHECKOUT}/src/node.sh`, programOf('test/system/cut-off-at', CHECKOUT), state, action, JSON.stringify(params), kind], { timeout: 60_000 }).stdout;
}

const KILL = 'kill_process';
const CASES: [what: string, action: string, kind: string, scope?: string][] = [
  ['frozen and not masked yet', 'remove_timer', 'mask'],
  ['frozen and masked, and not killed yet', 'remove_timer', 'stop'],
  ['killed, and its files are there', 'remove_timer', 'file'],
  ['stopped process by process', KILL, 'end', 'tree'],
  ['frozen as a unit', KILL, 'end', 'unit'],
];

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 600_000);

  test.for(CASES)('%s (%s)', { timeout: 300_000 }, async ([, action, kind, scope], { skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    // What is killed as processes is not kept from being started again.
    host.shell(plant(action === KILL ? 'no' : 'always'));
    const program = (state: string, ...args: string[]): RunResult => json<RunResult>(host.run([PROGRAM, ...args, '--json', '--state-dir', state], { timeout: 60_000 }));
    const ends: [end: string, come: (state: string, run: string, params: object) => RunResult][] = [
      ['undone', (state, run) => program(state, 'undo', run)],
      ['gone on with', (state, run) => program(state, 'respond', '--resume', run, '--yes')],
      ['begun anew', (state, _run, params) => JSON.parse(respond(host, `${state}-2`, action, params)) as RunResult],
    ];
    for (const [end, come] of ends) {
      host.shell('systemctl start evil.timer evil.service');
      await until(() => planted(host).size === 4, () => `four processes, not ${[...planted(host)].join(' ')}`, 30_000);
      const before = planted(host);
      const params = action === KILL ? { ...mainProcess(host), scope } : {};
      const state = `/root/${end.replaceAll(' ', '-')}`;
      expect([end, respond(host, state, action, params, kind), held(host) === '']).toEqual([end, '', kind === 'file']);
      const { run } = json<{ run: string }>(host.run([PROGRAM, 'runs', '--json', '--state-dir', state]));
      const { run: last, steps: [step] } = come(state, run, params);
      expect([end, step?.state, step?.summary]).toEqual([end, 'changed', expect.any(String)]);
      await until(() => held(host) === '', () => `nothing held, not ${held(host)}`);
      await until(() => planted(host).size === (end === 'undone' ? 4 : 0), () => `what is left, not ${[...planted(host)].join(' ')}`, 30_000);
      const isSame = end === 'undone' && kind !== 'file';
      expect([end, [...before.keys()].filter((pid) => planted(host).has(pid))]).toEqual([end, isSame ? [...before.keys()] : []]);
      // What is gone comes back for the next.
      if (action !== KILL && end !== 'undone') program(end === 'begun anew' ? `${state}-2` : state, 'undo', last ?? '');
    }
  });
});
