/** What an action does is what its plan said, in the same words and the same order: a dry run can be relied upon. */
import { beforeAll, describe, expect, test } from 'vitest';
import { actingOn } from '../helpers/acting.ts';
import { boot, noBoot, prepareBase } from '../helpers/booted.ts';

const UNITS = '/etc/systemd/system';
/** On a host where each has something to do. In an order in which none takes it from another. */
const ACTS: [string, object][] = [
  ['collect_evidence', {}],
  ['suspend_process', { pid: 'PID', start: 'START' }],
  ['kill_process', { pid: 'PID', start: 'START' }],
  ['lock_account', { user: 'mallory', expire_password: true, end_sessions: true }],
  ['unlock_account', { user: 'mallory' }],
  ['revoke_ssh_key', { comment: 'evil@x' }],
  ['remove_cron_entry', { line: '* * * * * root /tmp/x' }],
  ['remove_cron_entry', { job: 1 }],
  ['block_ioc', { addresses: ['203.0.113.7'], domains: ['evil.example', 'b.example'], seconds: 600 }],
  ['quarantine_file', { path: '/var/payload' }],
  ['isolate', { management: ['192.0.2.10'], force: true }],
  ['confirm_isolation', {}],
  ['release', {}],
  ['remove_timer', {}],
  ['restore_timer', {}],
];

const SETUP = `cd ${UNITS}
printf '[Timer]\\nOnActiveSec=1h\\n' > evil.timer; printf '[Service]\\nExecStart=/bin/sleep 4321\\n' > evil.service; mkdir evil.timer.d; echo '[Timer]' > evil.timer.d/a.conf
systemctl daemon-reload; systemctl start evil.timer evil.service
useradd -m mallory; echo mallory:pass | chpasswd; runuser -u mallory -- sleep 999 </dev/null >/dev/null 2>&1 &
echo payload > /var/payload
for home in /root /home/mallory; do mkdir -p $home/.ssh; done
ssh-keygen -qt ed25519 -N '' -C evil@x -f /root/k; cat /root/k.pub > /root/.ssh/authorized_keys; cat /root/k.pub > /home/mallory/.ssh/authorized_keys; chown -R mallory /home/mallory/.ssh
printf '# c\\n* * * * * root /tmp/x\\n' > /etc/cron.d/evil; echo true | at now + 1 day
echo 127.0.0.1 localhost > /etc/hosts
sleep 998 </dev/null >/dev/null 2>&1 & echo $! > /run/pid`;

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, { timeout: 120_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('every action changes what its plan said, word for word, and finds that it came about', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(SETUP);
    const pid = host.run(['cat', '/run/pid']).stdout.trim();
    // Of another start it is another process, and the plan says when this one started.
    const other = actingOn(host, 'kill_process').plan({ pid: Number(pid), start: '2020-01-01T00:00:00Z' }).plan.reason ?? '';
    const start = /started at (\S+),/.exec(other)?.[1] ?? '';
    for (const [name, params] of ACTS) {
      const given = JSON.parse(JSON.stringify(params).replace('"PID"', pid).replace('START', start)) as object;
      const dry = actingOn(host, name).plan(given).plan;
      const { plan, changes, verdict, error } = actingOn(host, name).apply(given, { undoCommand: ['true'] });
      expect([name, plan.state, plan.reason, error, verdict?.ok]).toEqual([name, 'ready', undefined, undefined, true]);
      expect([name, changes?.flatMap(({ text }) => text ?? [])]).toEqual([name, plan.steps.map(({ text }) => text)]);
      expect([name, dry.steps]).toEqual([name, plan.steps]);
    }
  });
});
