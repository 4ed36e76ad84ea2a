/** That every user's units are seen: homes anywhere, users who come later, homes and folders that are links, and a hundred thousand users. On a host of the test's own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unitPlaces } from '../../src/host/directories.ts';
import { openScan } from '../../src/sensor/scan.ts';
import { Tree } from '../../src/sensor/tree.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { notRoot, ownHost, USER } from '../helpers/host.ts';
import { notPrivileged, senseThrough, type Remote, type RemoteOptions } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const UNITS = '.config/systemd/user';

async function machine(prepare: string, options: RemoteOptions = {}): Promise<{ told: Remote; shell: (script: string) => void }> {
  const host = await ownHost();
  const shell = (script: string): void => {
    const { status, stderr } = host.run(['sh', '-ec', script]);
    expect({ script, status, stderr }).toEqual({ script, status: 0, stderr });
  };
  shell(prepare);
  return { shell, told: await senseThrough(host.enter([]), options) };
}

function put(path: string): string {
  return `mkdir -p "$(dirname ${path})"; echo x > ${path}`;
}

test('what is yet to be looked at is said until it is', () => {
  const base = temporaryDirectory();
  const homes = Array.from({ length: 100 }, (_, n) => join(base, String(n)));
  for (const home of homes) mkdirSync(join(home, UNITS), { recursive: true });
  const tree = new Tree(openScan(), unitPlaces(homes.map((home) => ({ home }))));
  tree.revisit();
  const said: string[] = [];
  for (let slices = 0; !tree.isDone && slices < 1_000; slices += 1) {
    tree.work(() => true);
    said.push(tree.blind.at(-1) ?? 'nothing');
  }
  expect(said).toContain('100 directories are yet to be looked at');
  expect(said).toContain('1 directories are yet to be looked at');
  expect(tree.blind).toEqual([]);
});

describe.skipIf(notRoot !== undefined || notPrivileged !== undefined)(`users (${notRoot ?? notPrivileged ?? 'as root'})`, () => {
  test('homes in /home whoever owns them, and homes elsewhere', async () => {
    const { told, shell } = await machine('echo "svc:x:4242:4242::/mnt/srv/svc:/bin/sh" >> /etc/passwd; mkdir -p /mnt/srv/svc');
    const paths = [`${USER.home}/${UNITS}/a.timer`, `/home/nobody-knows/${UNITS}/b.timer`, `/mnt/srv/svc/${UNITS}/c.timer`, '/mnt/srv/svc/.local/share/systemd/user/d.timer', `${USER.home}/${UNITS}/timers.target.wants/a.timer`];
    for (const path of paths) shell(put(path));
    for (const path of paths) expect((await told.line(`creation ${path}`)).tickward.scope).toBe('user');
    expect(told.lines()).toHaveLength(paths.length);
  });

  test('a user who is added later, with a home elsewhere', async () => {
    const { told, shell } = await machine('true', { rescanSeconds: 0.2 });
    shell(`echo "late:x:4243:4243::/mnt/homes/late:/bin/sh" >> /etc/passwd; ${put(`/mnt/homes/late/${UNITS}/a.timer`)}`);
    await told.line(`creation /mnt/homes/late/${UNITS}/a.timer`);
    shell(`echo x > /mnt/homes/late/${UNITS}/b.timer`);
    expect(await told.line(`creation /mnt/homes/late/${UNITS}/b.timer`)).toMatchObject({ tickward: { attribution: 'exact' } });
    expect(told.lines()).toHaveLength(2);
  });

  test('a home that is a link, and a ~/.config that becomes one', async () => {
    const { told, shell } = await machine(`mkdir -p /mnt/real/${UNITS} /mnt/stolen/systemd/user; echo x > /mnt/stolen/systemd/user/planted.timer; rmdir ${USER.home}; ln -s /mnt/real ${USER.home}`);
    shell(`echo x > /mnt/real/${UNITS}/a.timer`);
    await told.line(`creation ${USER.home}/${UNITS}/a.timer`);
    shell('mv /mnt/real/.config /mnt/real/.config.away; ln -s /mnt/stolen /mnt/real/.config');
    await told.line(`deletion ${USER.home}/${UNITS}/a.timer`);
    await told.line(`creation ${USER.home}/${UNITS}/planted.timer`);
    shell('echo x > /mnt/stolen/systemd/user/b.timer; echo x > /mnt/real/.config.away/systemd/user/unseen.timer; echo x > /mnt/stolen/systemd/user/c.timer');
    await told.line(`creation ${USER.home}/${UNITS}/c.timer`);
    // A shell that has to wait between making and writing a file gives two events.
    expect(told.lines().filter((line) => !line.startsWith('modification')).sort()).toEqual([`creation ${USER.home}/${UNITS}/a.timer`, `deletion ${USER.home}/${UNITS}/a.timer`, `creation ${USER.home}/${UNITS}/planted.timer`, `creation ${USER.home}/${UNITS}/b.timer`, `creation ${USER.home}/${UNITS}/c.timer`].sort());
  });

  test('a hundred thousand users, two thousand of them with homes: those of the system are watched at once, and nothing waits', async () => {
    const { told, shell } = await machine(`
      for n in $(seq 2000); do mkdir -p /mnt/homes/$n/${UNITS}; done
      awk 'BEGIN { for (n = 1; n <= 100000; n++) print "u" n ":x:" 100000 + n ":100000::/mnt/homes/" n ":/bin/sh" }' >> /etc/passwd`, { rescanSeconds: 600 });
    shell('echo x > /etc/systemd/system/a.timer');
    await told.line('creation /etc/systemd/system/a.timer');
    // Half a second on idle processors; here others work on them too.
    expect(told.ready.readyMs).toBeLessThan(3_000);
    await until(async () => !(await told.figures()).blind.some((line) => line.includes('yet to be looked at')));
    for (const user of [2000, 1, 1000]) {
      shell(`echo x > /mnt/homes/${user}/${UNITS}/b.timer`);
      await told.line(`creation /mnt/homes/${user}/${UNITS}/b.timer`);
    }
    // And one whose home comes now.
    shell(put(`/mnt/homes/99999/${UNITS}/c.timer`));
    await until(() => told.events.some(({ file }) => file.path === `/mnt/homes/99999/${UNITS}/c.timer`));
    const { lagMs, residentMb } = await told.figures();
    expect(residentMb).toBeLessThan(300);
    // Of ours; on two busy processors a process also waits for its turn.
    expect(lagMs).toBeLessThan(300);
  });
});
