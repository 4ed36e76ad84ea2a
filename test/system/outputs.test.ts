/** The service with outputs on a booted host: its own journal, its own /dev/log, a file and a command, within the bounds of the service. */
import { beforeAll, describe, expect, test } from 'vitest';
import { boot, CHECKOUT, noBoot, prepareBase } from '../helpers/booted.ts';
import { jsonLines } from '../helpers/lines.ts';
import { until } from '../helpers/until.ts';

const PATIENCE_MS = 30_000;
const TIMER = '/etc/systemd/system/made.timer';

/** From a checkout, as the service file itself says. */
const INSTALL = `
mkdir -p /etc/tickward /etc/systemd/system/tickward.service.d
cat > /etc/tickward/config.yaml <<'X'
outputs:
  - { type: file, path: /var/log/tickward/alerts.ndjson }
  - { type: journald }
  - { type: syslog }
  - { type: command, command: [/bin/sh, -c, 'cat > /var/log/tickward/hook'] }
X
printf '[Service]\nRestrictAddressFamilies=AF_UNIX\n' > /etc/systemd/system/tickward.service.d/outputs.conf
sed 's|/usr/bin/tickward|${CHECKOUT}/src/cli/tickward|' ${CHECKOUT}/extension/deploy/tickward.service > /etc/systemd/system/tickward.service
systemctl daemon-reload
systemctl enable --now tickward.service`;

describe.skipIf(noBoot !== undefined)(`the outputs of the service on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, { timeout: 90_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('an alert is in the file, in the journal with its fields, in syslog, and at the command', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    const installed = host.shell(INSTALL);
    expect({ status: installed.status, stderr: installed.stderr.replace(/^Created symlink.*\n/, '') }).toEqual({ status: 0, stderr: '' });
    const entries = (...wanted: string[]): Record<string, string>[] => jsonLines(host.run(['journalctl', '--output=json', '--all', '--no-pager', ...wanted]).stdout);
    const log = (): string => host.run(['journalctl', '--unit=tickward', '--output=cat', '--no-pager']).stdout;
    await until(() => log().includes('watching by'), log, PATIENCE_MS);
    host.shell(`echo x > ${TIMER}; sleep 1`);
    await until(() => entries(`TICKWARD_PATH=${TIMER}`).length > 0, log, PATIENCE_MS);
    const [entry] = entries(`TICKWARD_PATH=${TIMER}`);
    expect(entry).toMatchObject({ PRIORITY: '5', SYSLOG_IDENTIFIER: 'tickward', TICKWARD_TECHNIQUE: 'T1053.006', TICKWARD_USER: 'root', MESSAGE: expect.stringContaining(`creation of ${TIMER}`), _SYSTEMD_UNIT: 'tickward.service' });
    expect(JSON.parse(entry?.['TICKWARD_DOCUMENT'] ?? '')).toMatchObject({ event: { kind: 'alert', id: entry?.['TICKWARD_ALERT'] } });
    const id = entry?.['TICKWARD_ALERT'] ?? '';
    const syslog = (): Record<string, string>[] => entries('_TRANSPORT=syslog', 'SYSLOG_IDENTIFIER=tickward');
    await until(() => syslog().length > 0, log, PATIENCE_MS);
    expect(syslog()[0]).toMatchObject({ PRIORITY: '5', SYSLOG_FACILITY: '10', SYSLOG_PID: entry?.['_PID'], MESSAGE: expect.stringMatching(new RegExp(`^\\[${id}\\] .*creation of ${TIMER}`)) });
    const text = (file: string): string => host.run(['cat', `/var/log/tickward/${file}`]).stdout;
    const document = (file: string): unknown => JSON.parse(text(file)) as unknown;
    await until(() => text('hook').endsWith('\n'), log, PATIENCE_MS);
    expect([document('alerts.ndjson'), document('hook')]).toMatchObject([{ event: { id } }, { event: { id } }]);
    expect(host.run(['stat', '-c', '%a %U', '/var/log/tickward', '/var/log/tickward/alerts.ndjson']).stdout).toBe('750 root\n600 root\n');
  });
});
