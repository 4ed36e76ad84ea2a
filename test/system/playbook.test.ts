/** Responses under a real systemd: a dry run says exactly what is done, by every action; and kill -9 at any entry of the journal loses nothing. */
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { actions } from '../../src/actions/index.ts';
import type { RunResult, StepResult } from '../../src/respond/run.ts';
import { boot, CHECKOUT, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';
import { json } from '../helpers/lines.ts';
import { programOf } from '../helpers/program.ts';

const TIMER = '/etc/systemd/system/evil.timer';

/** A timer and a service that run, and the payload that an example of an action is about. */
const PLANT = `
printf '[Timer]\\nOnCalendar=hourly\\nPersistent=yes\\n' > ${TIMER}
printf '[Service]\\nExecStart=/bin/sleep 1000\\n' > /etc/systemd/system/evil.service
mkdir -p /etc/systemd/system/evil.timer.d
printf '[Timer]\\nAccuracySec=1s\\n' > /etc/systemd/system/evil.timer.d/x.conf
systemctl daemon-reload
systemctl start evil.timer evil.service
echo payload > /tmp/payload
`;

/** An alert that names the process of the service as the one that made the timer. */
const ALERT = `
pid=$(systemctl show --property=MainPID --value evil.service)
start=$(date -u -d "$(systemctl show --property=ExecMainStartTimestamp --value evil.service)" +%FT%TZ)
printf '{"@timestamp":"%s","event":{"category":["file"],"type":["creation"],"action":"creation","id":"e1"},"host":{"name":"%s","hostname":"%s","os":{"type":"linux"}},"file":{"path":"${TIMER}","name":"evil.timer","extension":"timer"},"process":{"pid":%s,"start":"%s","executable":"/usr/bin/sleep","name":"sleep"},"user":{"id":"0","name":"root"}}\\n' "$(date -u +%FT%TZ)" "$(hostname)" "$(hostname)" "$pid" "$start" > /root/event.ndjson
${PROGRAM} watch --from /root/event.ndjson --once > /dev/null 2>&1 || true
${PROGRAM} alerts --json | sed 's/.*"id":"\\([^"]*\\)","@timestamp".*/\\1/' | head -n 1
`;

/** Files, links and masks of the planted units, and whether they run. Times of directories aside: they stay what the last change of a cut-off run made them. */
function snapshot(host: Booted): string {
  return host.shell(`find /etc/systemd/system /run/systemd/system.control /var/lib/systemd/timers -name 'evil*' ! -type d -o -path '*evil.timer.d/*' 2>/dev/null | sort | while read -r f; do stat -c '%n %f %u:%g %s' "$f"; [ ! -f "$f" ] || [ "$f" != "\${f#/var}" ] || { stat -c %y "$f"; sha256sum < "$f"; }; done
systemctl show --property=LoadState,ActiveState --value evil.timer evil.service
nft list tables`).stdout;
}

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 600_000);

  test('each action does exactly what its dry run says', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(PLANT);
    const alert = host.shell(ALERT).stdout.trim();
    const outcome = actions.map(({ name, example, params }) => {
      const file = `/root/${name}.yaml`;
      const step = parse(example) as { params?: object };
      // Nobody has to come back to this host: what would be refused for their sake is done.
      const forced = params.safeParse({ force: true }).success ? { params: { ...step.params, force: true } } : {};
      const playbook = { name: 'example', title: 'Example', steps: [{ id: 'example', kind: 'action', title: 'Example', ...step, ...forced }] };
      host.shell(`echo ${Buffer.from(JSON.stringify(playbook)).toString('base64')} | base64 -d > ${file}`);
      const respond = (how: string): StepResult => {
        const { steps: [result] } = json<RunResult>(host.run([PROGRAM, 'respond', alert, '--playbook', file, how, '--json'], { timeout: 60_000 }));
        return result!;
      };
      const planned = respond('--dry-run');
      return { name, planned, done: respond('--yes') };
    });
    const expected: Record<string, string> = { 'would-change': 'changed' };
    // A countdown of the kernel goes on between the two, and each has an id of its own.
    const texts = ({ changes }: StepResult): string[] => changes.map((text) => text.replace(/ends by itself in \d+ s/, 'ends by itself').replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-example/, 'RUN-example'));
    expect(outcome.map(({ name, done }) => [name, done.state, texts(done)])).toEqual(outcome.map(({ name, planned }) => [name, expected[planned.state] ?? planned.state, texts(planned)]));
    expect(outcome.filter(({ done }) => done.state === 'changed').map(({ name }) => name)).toEqual(expect.arrayContaining(['isolate', 'confirm_isolation', 'release', 'suspend_process', 'kill_process', 'block_ioc', 'quarantine_file', 'remove_timer']));
  }, 300_000);

  test('killed with SIGKILL at any entry of its journal, a response is gone on with or undone', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(PLANT);
    const before = snapshot(host);
    let number = 2;
    for (let isCut = true; isCut; number += 1) {
      const state = `/root/state-${number}`;
      const cut = host.run(['sh', `${CHECKOUT}/src/node.sh`, programOf('test/system/cut-off', CHECKOUT), state, String(number)], { timeout: 60_000 });
      isCut = cut.stdout === '';
      const { run } = json<{ run: string }>(host.run([PROGRAM, 'runs', '--json', '--state-dir', state]));
      const resumed = number % 2 === 0 || !isCut ? json<RunResult>(host.run([PROGRAM, 'respond', '--resume', run, '--yes', '--json', '--state-dir', state], { timeout: 60_000 })) : undefined;
      expect([number, resumed?.steps.map((step) => step.state) ?? []]).toEqual([number, resumed === undefined ? [] : ['changed', 'changed']]);
      expect([number, resumed === undefined ? '' : host.shell('pgrep -x sleep; ls /etc/systemd/system/evil* 2>/dev/null; true').stdout]).toEqual([number, '']);
      const undone = json<RunResult>(host.run([PROGRAM, 'undo', run, '--json', '--state-dir', state], { timeout: 60_000 }));
      expect([number, undone.steps.filter((step) => step.state === 'failed')]).toEqual([number, []]);
      host.shell('for unit in evil.timer evil.service; do for n in $(seq 100); do systemctl -q is-active $unit && break; sleep 0.1; done; done');
      expect([number, snapshot(host)]).toEqual([number, before]);
    }
    expect(number).toBeGreaterThan(15);
  }, 600_000);
});
