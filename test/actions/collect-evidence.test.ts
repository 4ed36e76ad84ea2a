/** The archive, opened by tar(1) as who comes later would. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import type { ActionContext, Change } from '../../src/actions/index.ts';
import type { ManifestEntry } from '../../src/actions/archive.ts';
import { collectEvidence } from '../../src/actions/collect-evidence.ts';
import { plain } from '../../src/actions/evidence.ts';
import { startedAt, statOf, toldExecutableOf } from '../../src/host/proc.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, EVIL, hostIn, plant, snapshot } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';

async function collect(params: object, context: ActionContext): Promise<{ archive: string; changes: Change[]; remarks: string[]; verdict: { ok: boolean; text: string } }> {
  const plan = await collectEvidence.plan(collectEvidence.params.parse(params), context);
  expect(plan).toMatchObject({ state: 'ready' });
  const changes: Change[] = [];
  const remarks = await collectEvidence.apply(plan, context, (change) => changes.push(change));
  return { archive: plan.data.archive, changes, remarks, verdict: await collectEvidence.verify(plan, context) };
}

/** Unpacked by the system's tar, with the manifest read. */
function unpack(archive: string): { at: string; manifest: ManifestEntry[]; entry: (name: string | RegExp) => ManifestEntry } {
  const at = temporaryDirectory();
  writeFileSync(join(at, 'a.tar'), zstdDecompressSync(readFileSync(archive)));
  const { status, stderr } = spawnSync('tar', ['--extract', '--file', 'a.tar'], { cwd: at, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  rmSync(join(at, 'a.tar'));
  const manifest = JSON.parse(readFileSync(join(at, 'manifest.json'), 'utf8')) as ManifestEntry[];
  return { at, manifest, entry: (name) => manifest.find((each) => (typeof name === 'string' ? each.name === name : name.test(each.name)))! };
}

test('an archive that only we may read has every part with its hash, and the host is as it was, access times included', async () => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
  const before = { tree: snapshot(root, []), read: statSync(join(root, 'etc/evil.timer'), { bigint: true }).atimeNs };
  const { archive, changes, verdict } = await collect({ paths: ['/etc/hostname'] }, context);
  expect(verdict).toMatchObject({ ok: true, text: expect.stringContaining(archive) });
  expect(changes.map((change) => change.data['kind'])).toEqual(['archive', 'archived']);
  const { evidence, 'evidence/test-run-remove.tar.zst': made, ...rest } = snapshot(root, []);
  expect(rest).toEqual(before.tree);
  expect(statSync(join(root, 'etc/evil.timer'), { bigint: true }).atimeNs).toBe(before.read);
  expect([evidence?.split(' ')[0], made?.split(' ')[0]]).toEqual(['40700', '100600']);

  const { at, manifest, entry } = unpack(archive);
  for (const { name, sha256, size } of manifest.filter((each) => each.sha256 !== null)) {
    const content = readFileSync(join(at, name));
    expect([name, content.length, createHash('sha256').update(content).digest('hex')]).toEqual([name, size, sha256]);
  }
  expect(manifest.filter((each) => each.name.startsWith('files/')).map((each) => each.source)).toEqual(expect.arrayContaining(['etc/evil.timer', 'etc/evil.service', 'etc/evil.timer.d/more.conf'].map((path) => join(root, path))));
  expect(readFileSync(join(at, entry(/evil\.service$/).name), 'utf8')).toBe(EVIL['etc/evil.service']);
  expect((JSON.parse(readFileSync(join(at, 'processes.json'), 'utf8')) as { pid: number }[]).some(({ pid }) => pid === process.pid)).toBe(true);
  expect(readFileSync(join(at, 'README.txt'), 'utf8')).toContain(join(root, 'etc/evil.timer'));
  expect(await collectEvidence.plan(collectEvidence.params.parse({}), context)).toMatchObject({ state: 'nothing-to-do', reason: expect.stringContaining('there already') });
});

test('a suspect whose program is deleted is in it with maps, descriptors, sockets and the program itself', async () => {
  const root = temporaryDirectory();
  // More than is read at once.
  const program = Buffer.concat([readFileSync('/bin/sleep'), randomBytes(200_000)]);
  writeFileSync(join(root, 'evil'), program, { mode: 0o755 });
  const child = spawn(join(root, 'evil'), ['1000', 'a\u001b[2J b'].slice(0, 1), { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  rmSync(join(root, 'evil'));
  const context = { ...contextFor(hostIn(root), join(root, 'etc/evil.timer')) };
  const pid = child.pid!;
  const { archive } = await collect({}, { ...context, target: { ...context.target, process: { pid, start: startedAt(statOf(pid)!) } } });
  const { at, entry } = unpack(archive);
  expect(readFileSync(join(at, `processes/${pid}/executable`)).equals(program)).toBe(true);
  expect(entry(`processes/${pid}/executable`).source).toBe(`${join(root, 'evil')} (deleted)`);
  expect(readFileSync(join(at, `processes/${pid}/maps`), 'utf8')).toContain('[stack]');
  expect(entry(/^sockets-/).size).toBeGreaterThan(0);
  const other = { ...context.target, process: { pid, start: '2001-01-01T00:00:00.000Z' } };
  // Others on this machine may run what the unit runs, and are suspects then.
  const { suspects } = (await collectEvidence.plan(collectEvidence.params.parse({}), { ...context, run: 'other', target: other })).data.subjects;
  expect(suspects.filter((suspect) => suspect.pid === pid)).toEqual([]);
});

const NAMESPACE = ['--user', '--map-root-user', '--mount'];

test("a suspect that has a package's program by name only, in a mount namespace of its own, is not said to be of that package", async ({ skip }) => {
  skip(spawnSync('unshare', [...NAMESPACE, 'true']).status !== 0, 'needs unshare(1) and user namespaces');
  const root = temporaryDirectory();
  writeFileSync(join(root, 'evil'), readFileSync('/bin/sleep'), { mode: 0o755 });
  const child = spawn('unshare', [...NAMESPACE, 'sh', '-c', 'mount --bind "$1" /usr/bin/dpkg && exec /usr/bin/dpkg 1000', 'sh', join(root, 'evil')], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid!;
  await until(() => toldExecutableOf(pid) === '/usr/bin/dpkg', () => 'the program');
  const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
  const { archive } = await collect({}, { ...context, target: { ...context.target, process: { pid, start: startedAt(statOf(pid)!) } } });
  const packages = JSON.parse(readFileSync(join(unpack(archive).at, 'packages.json'), 'utf8')) as { path: string; package: string | null }[];
  expect(packages).toContainEqual({ path: `/proc/${pid}/root/usr/bin/dpkg`, package: null, modified: false });
  expect(packages.map(({ path }) => path)).not.toContain('/usr/bin/dpkg');
});

test('what does not fit, cannot be read or is a trap is named in the manifest, and the rest is there', async () => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  mkdirSync(join(root, 'odd'));
  const names = ['$(id); rm -rf ~', '../../escape'.replaceAll('/', '\u2215'), '-rf', 'line\nbreak \u001b[2J'];
  for (const name of names) writeFileSync(join(root, 'odd', name), name);
  writeFileSync(join(root, 'big'), Buffer.alloc(2 * 1024 ** 2, 1));
  symlinkSync('/etc/shadow', join(root, 'link'));
  spawnSync('mkfifo', [join(root, 'fifo')]);
  const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
  const { archive, remarks } = await collect({ most: 1, executables: false, paths: [...names.map((name) => join(root, 'odd', name)), join(root, 'big'), join(root, 'link'), join(root, 'fifo'), join(root, 'nowhere')] }, context);
  const { at, manifest, entry } = unpack(archive);
  expect(entry(/-big$/)).toMatchObject({ sha256: null, cut: expect.stringContaining('left out') });
  expect(entry(/-link$/)).toMatchObject({ size: 0, cut: expect.stringContaining('symbolic link') });
  expect(entry(/-fifo$/)).toMatchObject({ size: 0, cut: expect.stringContaining('FIFO') });
  for (const name of names) {
    const { name: safe } = manifest.find((each) => each.source === join(root, 'odd', name))!;
    expect(safe).toMatch(/^files\/\d+-[A-Za-z0-9._@-]+$/);
    expect(readFileSync(join(at, safe), 'utf8')).toBe(name);
  }
  expect(remarks.join()).toMatch(/3 of \d+ parts are not whole/);
  expect(readdirSync(join(root, 'evidence'))).toEqual(['test-run-remove.tar.zst']);
});

test('a directory of somebody else, or a link in its place, takes no evidence', async () => {
  const root = temporaryDirectory();
  const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
  mkdirSync(join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'evidence'));
  const plan = await collectEvidence.plan(collectEvidence.params.parse({}), context);
  await expect(collectEvidence.apply(plan, context, () => undefined)).rejects.toThrow(/not a directory of ours alone/);
  expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
  expect(existsSync(join(root, 'quarantine'))).toBe(false);
});

test.each([['..', '_.'], ['.hidden', '_hidden'], ['-x', '_x'], ['a/b\\c', 'a_b_c'], ['x'.repeat(300), 'x'.repeat(60)], ['a@b-1.timer', 'a@b-1.timer']])('the name %s is %s in an archive', (name, expected) => {
  expect(plain(name)).toBe(expected);
});
