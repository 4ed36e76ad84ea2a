/** That each lack of the host is met: the sensor starts, says what it lost, tells of what happens, and never names a process that it cannot know. Each is made for real. */
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noTries } from '../helpers/bpf.ts';
import { MOUNTED, notRoot, ownHost, TICKWARD, type OwnHost } from '../helpers/host.ts';
import { noSetpriv, noStrace } from '../helpers/needs.ts';
import { programOf } from '../helpers/program.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { notPrivileged, perform, senseThrough, SHELL, units, type Remote } from '../helpers/sensing.ts';
import type { Attribution, EventSource, FileEvent } from '../../src/model/event.ts';

interface Lack {
  what: string;
  needs?: string | undefined;
  /** Done in the mount namespace first. */
  prepare?: string;
  /** What the sensor's command line is put behind. */
  through: readonly string[];
  source: EventSource;
  attribution: Attribution;
  /** Of what it says it cannot see. */
  blind: RegExp;
}

function refusing(calls: Record<string, string>): string[] {
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${Object.keys(calls).join(',')}`, ...Object.entries(calls).flatMap(([call, error]) => ['-e', `inject=${call}:error=${error}`])];
}

const NO_BPF = /the kernel's map of programs cannot be used/;
const NO_TRIES = /^a program that a process opened and did not run may be taken for one that it ran: cannot load the BPF program tickward_open: EPERM; use a kernel that lets programs onto its functions [^\n]*$/;
const NOBODY = /the kernel names no process.*most rules give no alert/;

const LACKS: Lack[] = [
  { what: 'a kernel without BTF', prepare: 'mount -t tmpfs tmpfs /sys/kernel/btf', through: [], source: 'fanotify', attribution: 'proc', blind: NO_BPF },
  { what: 'no /sys', prepare: 'umount -l /sys', through: [], source: 'fanotify', attribution: 'proc', blind: NO_BPF },
  { what: 'an empty /sys that cannot be written', prepare: 'mount -t tmpfs -o ro tmpfs /sys', through: [], source: 'fanotify', attribution: 'proc', blind: NO_BPF },
  { what: 'bpf(2) refused, as a kernel does that is locked down for confidentiality', needs: noStrace, through: refusing({ bpf: 'EPERM' }), source: 'fanotify', attribution: 'proc', blind: NO_BPF },
  { what: 'a kernel without bpf(2)', needs: noStrace, through: refusing({ bpf: 'ENOSYS' }), source: 'fanotify', attribution: 'proc', blind: NO_BPF },
  { what: 'a namespace of processes of its own', through: ['unshare', '--pid', '--fork', '--mount-proc'], source: 'fanotify', attribution: 'proc', blind: /namespace of processes of its own/ },
  { what: 'a time namespace of its own', through: ['unshare', '--time', '--monotonic', '100000', '--boottime', '200000', '--fork'], source: 'fanotify', attribution: 'proc', blind: /time namespace of its own/ },
  { what: 'a time namespace of its own, whose clocks are behind', through: ['unshare', '--time', '--monotonic', '-1', '--boottime', '-1', '--fork'], source: 'fanotify', attribution: 'proc', blind: /time namespace of its own/ },
  { what: 'root without CAP_SYS_ADMIN', needs: noSetpriv, through: ['setpriv', '--bounding-set', '-sys_admin,-bpf,-perfmon', '--inh-caps', '-sys_admin,-bpf,-perfmon'], source: 'fanotify', attribution: 'inferred', blind: NOBODY },
  { what: 'root without CAP_BPF and CAP_PERFMON, but CAP_SYS_ADMIN', needs: noSetpriv, through: ['setpriv', '--bounding-set', '-bpf,-perfmon'], source: 'fanotify', attribution: 'exact', blind: noTries() === undefined ? /^$/ : NO_TRIES },
  // The third call and, with the verifier's log, the fourth.
  { what: 'a kernel that lets no program onto its functions', needs: noStrace, through: refusing({ bpf: 'EPERM:when=3..4' }), source: 'fanotify', attribution: 'exact', blind: NO_TRIES },
  { what: 'a kernel without fanotify', needs: noStrace, through: refusing({ fanotify_init: 'ENOSYS' }), source: 'inotify', attribution: 'inferred', blind: /fanotify is not possible here: .*ENOSYS.*the kernel names no process.*most rules give no alert/s },
  { what: 'neither fanotify nor inotify', needs: noStrace, through: refusing({ fanotify_init: 'ENOSYS', inotify_init1: 'EMFILE' }), source: 'scan', attribution: 'none', blind: /fanotify is not possible.*inotify is not possible.*EMFILE.*nobody is named.*most rules give no alert/s },
  { what: 'file systems without handles', needs: noStrace, through: refusing({ name_to_handle_at: 'EOPNOTSUPP' }), source: 'fanotify', attribution: 'exact', blind: /nobody is named for .* on a file system that fanotify cannot mark/ },
];

/** At most this is known in a way, from the least. */
const ORDER: readonly Attribution[] = ['none', 'inferred', 'proc', 'bpf', 'exact'];

/** Where the log agrees with /proc two sources do, without the kernel's map. */
function allowed({ source, attribution }: Pick<Lack, 'source' | 'attribution'>): readonly Attribution[] {
  if (attribution === 'proc' && source === 'fanotify') return ['none', 'inferred', 'proc', 'exact'];
  return ORDER.slice(0, ORDER.indexOf(attribution) + 1);
}

/** Who may be said to have made a file: nobody, or the program that it is named after; and rm takes them away. */
function isRight({ event, file, process: maker }: FileEvent): boolean {
  return maker?.executable === undefined || basename(maker.executable) === (event.action === 'deletion' ? 'rm' : file.name.split('.')[0]);
}

async function machine(prepare: string): Promise<OwnHost> {
  const host = await ownHost();
  const { status, stderr } = host.run(['sh', '-ec', prepare]);
  expect({ prepare, status, stderr }).toEqual({ prepare, status: 0, stderr });
  return host;
}

/** Files by processes that end at once, and one by a process that stays: each is named after its maker. */
async function work(host: OwnHost, told: Remote, directory: string): Promise<void> {
  const script = 'cd "$1"; for n in 1 2 3 4 5 6 7 8; do touch touch.$n.timer; cp /etc/passwd cp.$n.timer; done; ln -s /dev/null ln.1.timer; mv ../outside mv.1.timer; rm cp.1.timer; :';
  expect(host.run(['sh', '-c', script, 'sh', directory]).stderr).toBe('');
  const holder = host.start(['sh', '-c', `exec 3> "$1/${SHELL}.1.timer"; echo x >&3; read line`, 'sh', directory]);
  const made = [...Array.from({ length: 8 }, (_, n) => [`creation touch.${n + 1}.timer`, ...(n === 0 ? [] : [`creation cp.${n + 1}.timer`])]).flat(), 'creation ln.1.timer', `creation ${SHELL}.1.timer`];
  for (const line of made) await told.line(line);
  holder.stdin.end();
}

describe.skipIf(notRoot !== undefined || notPrivileged !== undefined)(`where something is missing (${notRoot ?? notPrivileged ?? 'as root'})`, () => {
  test.for(LACKS.map((lack) => ({ ...lack, title: `${lack.what}${lack.needs === undefined ? '' : ` (${lack.needs})`}` })))('$title: it starts, says so, tells of changes and names nobody wrongly', async ({ needs, prepare = 'true', through, source, attribution, blind }, { skip }) => {
    skip(needs !== undefined, needs);
    const host = await machine(`mkdir /mnt/work /mnt/work/units; touch /mnt/work/outside; ${prepare}`);
    const told = await senseThrough(host.enter([...through]), { directories: units('/mnt/work/units'), root: '/mnt/work/units', rescanSeconds: 0.3 });
    expect(told.ready).toMatchObject({ source, attribution });
    expect(told.ready.blind.join('\n')).toMatch(blind);
    await work(host, told, '/mnt/work/units');
    expect(told.events.filter(({ tickward }) => !allowed({ source, attribution }).includes(tickward.attribution)).map(({ tickward }) => tickward)).toEqual([]);
    expect(told.events.filter((event) => !isRight(event)).map(({ event, file, process: maker, tickward }) => [event.action, file.name, maker?.executable, tickward.attribution, tickward.attribution_note])).toEqual([]);
    expect(told.notices).toEqual([]);
  });

  test.skipIf(noSetpriv !== undefined)(`a plain user sees the own units and is told what it cannot see (${noSetpriv ?? 'setpriv is there'})`, async () => {
    const host = await machine('true');
    const told = await senseThrough(host.enter(host.asUser([])), { program: programOf('test/helpers/sensor-process', MOUNTED), rescanSeconds: 0.3 });
    expect(told.ready).toMatchObject({ source: 'fanotify', attribution: 'inferred' });
    expect(told.ready.blind.join('\n')).toMatch(NOBODY);
    host.run(host.asUser(['sh', '-c', 'mkdir -p ~/.config/systemd/user; echo x > ~/.config/systemd/user/a.timer']));
    const event = await told.line('creation /home/drill/.config/systemd/user/a.timer');
    expect(['none', 'inferred']).toContain(event.tickward.attribution);
  });

  test.for([
    ['a FIFO', 'mkfifo /mnt/fifo; mount --bind /mnt/fifo /etc/passwd'],
    ['a link to itself', 'mkdir /mnt/etc /mnt/work; mount -t overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work overlay /etc; umount /etc/passwd 2>/dev/null || :; ln -sf passwd /etc/passwd'],
  ])('a passwd database that becomes %s holds nothing up', async ([, replace]) => {
    const host = await machine('mkdir /mnt/units');
    const told = await senseThrough(host.enter([]), { directories: units('/mnt/units'), root: '/mnt/units', rescanSeconds: 0.2 });
    host.run(['sh', '-ec', replace ?? '']);
    host.run(['sh', '-c', 'echo x > /mnt/units/a.timer']);
    expect((await told.line('creation a.timer')).file.owner).toBeUndefined();
    expect(told.notices).toEqual([]);
  });

  test.skipIf(noStrace !== undefined)(`doctor says what is missing (${noStrace ?? 'strace is there'})`, async () => {
    const host = await machine('true');
    const sensor = (through: readonly string[]): unknown => {
      const findings: { check: string }[] = JSON.parse(host.run([...through, TICKWARD, 'doctor', '--json'], { timeout: 30_000 }).stdout);
      return findings.find(({ check }) => check === 'sensor');
    };
    expect(sensor(refusing({ bpf: 'EPERM' }))).toMatchObject({ found: expect.stringMatching(/fanotify.*map of programs cannot be used/s) });
    expect(sensor(refusing({ fanotify_init: 'ENOSYS' }))).toMatchObject({ ok: false, found: expect.stringMatching(/inotify.*fanotify is not possible here/s), fix: expect.any(String) });
    expect(sensor(refusing({ fanotify_init: 'ENOSYS', inotify_init1: 'EMFILE' }))).toMatchObject({ ok: false, found: expect.stringMatching(/inotify is not possible here/), fix: expect.any(String) });
  });
});

test('a limit of watches that is reached is said, and the rest goes on', async ({ skip }) => {
  skip(noStrace !== undefined, noStrace);
  const base = temporaryDirectory();
  await perform('mkdir', ['-p', join(base, 'units')]);
  const told = await senseThrough([...refusing({ fanotify_init: 'ENOSYS', inotify_add_watch: 'ENOSPC' })], { mode: 'inotify', directories: units(join(base, 'units')), root: join(base, 'units'), rescanSeconds: 0.2 });
  expect(told.ready.blind.join('\n')).toMatch(/limit of marks or watches is reached/);
});
