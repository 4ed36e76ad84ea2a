/** That mounts hide nothing: every kind of file system, bind mounts, other mount namespaces, mounts that come and go. In mount namespaces of the test's own. */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { notRoot, ownHost, type OwnHost } from '../helpers/host.ts';
import { has } from '../helpers/needs.ts';
import { notPrivileged, senseThrough, SHELL, type Remote, type RemoteOptions } from '../helpers/sensing.ts';

const UNITS = '/etc/systemd/system';
const noBtrfs = spawnSync('mkfs.btrfs', ['--version']).status === 0 ? undefined : 'needs mkfs.btrfs: apt-get install btrfs-progs';
const noExt4 = has('mkfs.ext4') ? undefined : 'needs mkfs.ext4: apt-get install e2fsprogs';

interface Machine {
  host: OwnHost;
  told: Remote;
  /** In the namespace of the sensor. */
  shell(script: string): void;
}

function shellOn(host: OwnHost): (script: string) => void {
  return (script) => {
    const { status, stderr } = host.run(['sh', '-ec', script]);
    expect({ script, status, stderr }).toEqual({ script, status: 0, stderr });
  };
}

/** `prepare`: what is done there before the sensor starts. */
async function machine(prepare: string, options: RemoteOptions = {}): Promise<Machine> {
  const host = await ownHost();
  const shell = shellOn(host);
  shell(prepare);
  return { host, shell, told: await senseThrough(host.enter([]), { root: UNITS, ...options }) };
}

describe.skipIf(notRoot !== undefined || notPrivileged !== undefined)(`mounts (${notRoot ?? notPrivileged ?? 'as root'})`, () => {
  test('a change through a bind mount elsewhere is told by the path that the manager reads', async () => {
    const { told, shell } = await machine(`mkdir /mnt/elsewhere; mount --bind ${UNITS} /mnt/elsewhere`);
    shell('echo x > /mnt/elsewhere/a.timer');
    expect(await told.line('creation a.timer')).toMatchObject({ tickward: { attribution: 'exact' }, process: { executable: expect.stringMatching(new RegExp(`/${SHELL}$`)) } });
  });

  test('a change from another mount namespace is told, with a path of the program that nobody takes for one of the host', async () => {
    const { told, shell } = await machine('cp /bin/sh /mnt/evil');
    shell(`unshare --mount sh -ec 'mount -t tmpfs tmpfs /srv; cp /mnt/evil /srv/evil; mount --bind ${UNITS} /media; /srv/evil -c "sleep 0.1; echo x > /media/a.timer; :"'`);
    // Its file system is not mounted here: nothing logs its programs, and the kernel's map is the only witness.
    const { process: maker, tickward } = await told.line('creation a.timer');
    expect(maker).toMatchObject({ executable: `/proc/${maker?.pid ?? 0}/root/srv/evil`, name: 'evil', args: ['/srv/evil', '-c', 'sleep 0.1; echo x > /media/a.timer; :'] });
    expect(['exact', 'bpf']).toContain(tickward.attribution);
  });

  test('unit directories on overlay: a file of the lower layer that is edited, one that is new, one that is removed', async () => {
    const { told, shell } = await machine(`mkdir /mnt/lower /mnt/upper /mnt/work; echo x > /mnt/lower/low.timer; echo x > /mnt/lower/other.timer
      mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay ${UNITS}`, { rescanSeconds: 0.2 });
    shell(`echo y >> ${UNITS}/low.timer; echo x > ${UNITS}/new.timer; rm ${UNITS}/other.timer; true`);
    await told.line('deletion other.timer');
    shell(`echo x > ${UNITS}/last.timer`);
    await told.line('creation last.timer');
    expect(told.lines()).toEqual(['modification low.timer', 'creation new.timer', 'deletion other.timer', 'creation last.timer']);
    expect(told.events.every(({ tickward }) => tickward.attribution === 'exact')).toBe(true);
  });

  test('a program on overlay, where nothing logs that it is opened, is named when it did not act in its first moment, and never wrongly', async () => {
    const { told, shell } = await machine('mkdir /mnt/lower /mnt/upper /mnt/work /mnt/merged; cp /bin/sh /bin/touch /mnt/lower; mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/merged; cp /bin/sh /mnt/merged/up');
    shell(`/mnt/merged/sh -c 'sleep 0.1; echo x > ${UNITS}/low.timer; :'; /mnt/merged/up -c 'sleep 0.1; echo x > ${UNITS}/up.timer; :'; /mnt/merged/touch ${UNITS}/short.timer; true`);
    const short = await told.line('creation short.timer');
    expect(told.events.slice(0, 2).map(({ process: maker }) => maker?.executable)).toEqual(['/mnt/merged/sh', '/mnt/merged/up']);
    expect(told.events.slice(0, 2).every(({ tickward }) => ['exact', 'bpf'].includes(tickward.attribution))).toBe(true);
    // The shell that became it, or it: the process is certain, the program is not.
    expect(short.process?.pid).toBeGreaterThan(0);
    expect(short.process?.executable ?? '/mnt/merged/touch').toBe('/mnt/merged/touch');
  });

  test('a file is not said to be made by the program, on overlay, that only changed its mode later, though the file bears the time of that', async () => {
    const { told, shell } = await machine('mkdir /mnt/lower /mnt/upper /mnt/work /mnt/merged; cp /bin/chmod /mnt/lower; mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/merged');
    process.kill(told.pid, 'SIGSTOP');
    try {
      shell(`sh -c 'echo x > ${UNITS}/a.timer; sleep 0.1; exec /mnt/merged/chmod 600 ${UNITS}/a.timer'`);
    } finally {
      process.kill(told.pid, 'SIGCONT');
    }
    const { process: maker } = await told.line('creation a.timer');
    expect(basename(maker?.executable ?? SHELL)).toBe(SHELL);
  });

  test.skipIf(noBtrfs !== undefined)(`unit directories and programs on btrfs, in a subvolume (${noBtrfs ?? 'mkfs.btrfs is there'})`, async () => {
    const { told, shell } = await machine(`truncate -s 128M /mnt/image; mkfs.btrfs -q /mnt/image; mkdir /mnt/btrfs; mount -o loop /mnt/image /mnt/btrfs; btrfs -q subvolume create /mnt/btrfs/sub; mkdir /mnt/btrfs/sub/units
      cp /bin/touch /mnt/btrfs/sub/evil; mount --bind /mnt/btrfs/sub/units ${UNITS}`);
    const steps = [['/mnt/btrfs/sub/evil a.timer', 'creation a.timer'], ['echo y > a.timer', 'modification a.timer'], ['mv a.timer b.timer', 'rename b.timer from a.timer'], ['rm b.timer', 'deletion b.timer']] as const;
    for (const [script, line] of steps) {
      shell(`cd ${UNITS}; ${script}`);
      await told.line(line);
    }
    expect(told.lines()).toEqual(steps.map(([, line]) => line));
    // One group of fanotify cannot mark subvolumes beside other file systems: there inotify tells, nobody is named, and that is said.
    expect(told.ready.blind.join(' ')).toContain('nobody is named for 1 directory on a file system that fanotify cannot mark');
    expect(told.events[0]?.process?.executable ?? '/mnt/btrfs/sub/evil').toBe('/mnt/btrfs/sub/evil');
    await told.stop();
    shell(`umount ${UNITS} /mnt/btrfs`);
  });

  test.skipIf(noBtrfs !== undefined)(`a program on btrfs is not named as one of another subvolume that has its number (${noBtrfs ?? 'mkfs.btrfs is there'})`, { timeout: 30_000 }, async () => {
    const { told, shell } = await machine(`truncate -s 256M /mnt/image; mkfs.btrfs -q /mnt/image; mkdir /mnt/btrfs; mount -o loop /mnt/image /mnt/btrfs; cd /mnt/btrfs
      for each in trusted own; do btrfs -q subvolume create $each; done; cp /bin/sleep trusted/tool; cp /bin/sh own/tool; [ "$(stat -c %i trusted/tool)" = "$(stat -c %i own/tool)" ]`);
    const [own, trusted] = ['/mnt/btrfs/own/tool', '/mnt/btrfs/trusted/tool'];
    const deeds = [(file: string) => `echo x > ${file}`, (file: string) => `(echo x > ${file})`, (file: string) => `sleep 0.02; echo x > ${file}`];
    const names = Array.from({ length: 12 }, (_, turn) => `${turn}.timer`);
    names.forEach((name, turn) => shell(`${own} -c '${deeds[turn % deeds.length]?.(`${UNITS}/${name}`) ?? ''}; exec ${trusted} 0.2'`));
    await Promise.all(names.map((name) => told.line(`creation ${name}`)));
    expect(new Set(told.events.map(({ process: maker }) => maker?.executable ?? own))).toEqual(new Set([own]));
    await told.stop();
    shell('umount /mnt/btrfs');
  });

  test.skipIf(noExt4 !== undefined)(`unit directories on two copies of one file system (${noExt4 ?? 'mkfs.ext4 is there'})`, async () => {
    const { told, shell } = await machine(`truncate -s 8M /mnt/image; mkfs.ext4 -qF /mnt/image; mount -o loop /mnt/image ${UNITS}; echo x > ${UNITS}/same.timer; umount ${UNITS}; cp /mnt/image /mnt/copy; mount -o loop /mnt/image ${UNITS}; mount -o loop /mnt/copy /etc/systemd/user; echo x > /etc/systemd/user/old.timer`, { root: '/etc/systemd', rescanSeconds: 0.2 });
    shell('cd /etc/systemd; echo x > user/a.timer; echo x > system/b.timer; rm user/a.timer; true');
    await Promise.all(['creation system/b.timer', 'deletion user/a.timer'].map((line) => told.line(line)));
    // By then the files are marked themselves: what is done to one is not taken for done to the other, which has its number.
    shell('cd /etc/systemd; sleep 0.6; echo y >> system/same.timer');
    await told.line('modification system/same.timer');
    shell('cd /etc/systemd; sleep 0.6; echo y >> user/same.timer');
    await told.line('modification user/same.timer');
    // It goes on being told of when the other one is there no more.
    shell(`umount ${UNITS}; echo y >> /etc/systemd/user/old.timer`);
    await told.line('modification user/old.timer');
    await told.line('deletion system/b.timer');
    expect(told.lines().toSorted()).toEqual(['creation system/b.timer', 'creation user/a.timer', 'deletion system/b.timer', 'deletion system/same.timer', 'deletion user/a.timer', 'modification system/same.timer', 'modification user/old.timer', 'modification user/same.timer']);
    expect(told.ready.blind.join(' ')).toMatch(/nobody is named for .* a copy of another one.*: \/etc\/systemd\/user/);
    await told.stop();
    shell('umount /etc/systemd/user');
  });

  test('files of a mount over a unit directory appear with it, and with its end those below it again', async () => {
    const { told, shell } = await machine(`mkdir /mnt/over; echo x > /mnt/over/over.timer; echo x > ${UNITS}/under.timer`, { rescanSeconds: 0.2 });
    const expected: string[] = [];
    for (let turn = 1; turn <= 2; turn += 1) {
      shell(`mount --bind /mnt/over ${UNITS}`);
      await told.count(expected.push('deletion under.timer', 'creation over.timer'));
      shell(`echo x > ${UNITS}/new${turn}.timer; rm ${UNITS}/new${turn}.timer`);
      await told.count(expected.push(`creation new${turn}.timer`, `deletion new${turn}.timer`));
      shell(`umount ${UNITS}`);
      await told.count(expected.push('deletion over.timer', 'creation under.timer'));
      shell(`echo x > ${UNITS}/after${turn}.timer; rm ${UNITS}/after${turn}.timer`);
      await told.count(expected.push(`creation after${turn}.timer`, `deletion after${turn}.timer`));
    }
    expect(told.lines()).toEqual(expected);
    expect(told.events.filter(({ file }) => file.name === 'over.timer').every(({ tickward }) => tickward.source === 'scan' && tickward.attribution === 'none')).toBe(true);
  });

  test('programs of a file system that is mounted later are never named wrongly, and well once the sensor knows of it', async () => {
    const { told, shell } = await machine('mkdir /mnt/late');
    shell(`mount -t tmpfs tmpfs /mnt/late; cp /bin/touch /mnt/late/evil; for n in $(seq 20); do /mnt/late/evil ${UNITS}/$n.timer; sleep 0.01; done; cd /mnt/late; ./evil ${UNITS}/last.timer; true`);
    const last = await told.line('creation last.timer');
    const named = new Set(told.events.map(({ process: maker }) => maker?.executable ?? 'nobody'));
    expect([...named].filter((name) => name !== 'nobody')).toEqual(['/mnt/late/evil']);
    expect(last).toMatchObject({ process: { executable: '/mnt/late/evil' }, tickward: { attribution: 'exact' } });
  });

  test('a directory on tmpfs whose mount is replaced by another is followed', async () => {
    const { told, shell } = await machine(`mkdir -p ${UNITS}; echo x > ${UNITS}/a.timer`);
    shell(`mount -t tmpfs tmpfs ${UNITS}; echo x > ${UNITS}/b.timer`);
    await told.line('deletion a.timer');
    await told.line('creation b.timer');
    shell(`umount ${UNITS}; mount -t tmpfs tmpfs ${UNITS}; echo x > ${UNITS}/c.timer`);
    await told.line('creation c.timer');
    shell(`echo x > ${UNITS}/d.timer`);
    await told.line('creation d.timer');
    const count = (line: string): number => told.lines().filter((each) => each === line).length;
    expect([count('deletion b.timer'), count('creation b.timer'), count('creation c.timer'), count('creation d.timer')]).toEqual([1, 1, 1, 1]);
  });

  test('places that the manager reads and the stock rule does not: generators, transient units, control directories', async () => {
    const { told, shell } = await machine('mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/transient', { root: '' });
    const places = [
      ['/etc/systemd/system-generators/evil', 'generator', 'system'],
      ['/run/systemd/user-generators/evil', 'generator', 'user'],
      ['/run/systemd/transient/run-1.timer', 'timer', 'system'],
      ['/run/systemd/generator.late/late.timer', 'timer', 'system'],
      ['/run/user/4242/systemd/transient/run-2.timer', 'timer', 'user'],
      ['/run/user/4242/systemd/user.control/a.timer.d/50.conf', 'drop-in', 'user'],
      ['/etc/systemd/system.control/a.timer.d/50.conf', 'drop-in', 'system'],
      ['/run/systemd/system/timers.target.wants/b.timer', 'wants', 'system'],
    ] as const;
    for (const [path] of places) shell(`mkdir -p "$(dirname ${path})"; echo x > ${path}`);
    for (const [path, unit_type, scope] of places) expect((await told.line(`creation ${path}`)).tickward).toMatchObject({ unit_type, scope });
    expect(told.lines()).toHaveLength(places.length);
  });
});
