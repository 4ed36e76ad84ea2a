/** scan with the real scanners where they are installed, over signatures and files of the test's own. */
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isInstalled } from '../../src/exec.ts';
import type { Change } from '../../src/actions/index.ts';
import { scan } from '../../src/actions/scan.ts';
import { filesToScan } from '../../src/actions/scan-files.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { contextFor, hostIn, snapshot } from '../helpers/response.ts';

const noClamscan = (await isInstalled('clamscan')) ? undefined : 'needs clamscan: apt-get install clamav';
const noYara = (await isInstalled('yara')) ? undefined : 'needs yara: apt-get install yara';

const MARK = 'TICKWARD-TEST-FILE';
/** A name that is an option, holds what a shell would run, and looks like a line of a scanner's output. */
const NAME = '--help $(touch owned)\nfd 1: Fake FOUND';

function setUp(): { root: string; context: ReturnType<typeof contextFor>; database: string; rules: string } {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'files/deep'), { recursive: true });
  writeFileSync(join(root, 'files/deep', NAME), `something ${MARK} something`);
  writeFileSync(join(root, 'files/good'), 'harmless');
  symlinkSync('/etc/passwd', join(root, 'files/link'));
  const [database, rules] = [join(root, 'test.ndb'), join(root, 'test.yar')];
  writeFileSync(database, `TickwardTest:0:*:${Buffer.from(MARK).toString('hex')}\n`);
  writeFileSync(rules, `rule tickward_test { strings: $mark = "${MARK}" condition: $mark }\n`);
  return { root, context: contextFor(hostIn(root), join(root, 'files/good')), database, rules };
}

async function act(params: object, context: ReturnType<typeof contextFor>): Promise<{ remarks: string[]; changes: Change[]; verdict: string }> {
  const plan = await scan.plan(scan.params.parse(params), context);
  expect(plan).toMatchObject({ state: 'ready' });
  const changes: Change[] = [];
  const remarks = await scan.apply(plan, context, (change) => changes.push(change));
  return { remarks, changes, verdict: (await scan.verify(plan, context)).text };
}

test.skipIf(noClamscan !== undefined)(`clamscan finds what is hidden in a folder, whatever its name says (${noClamscan ?? 'real'})`, async () => {
  const { root, context, database } = setUp();
  const before = snapshot(root);
  const { changes, verdict } = await act({ paths: [join(root, 'files')], clamav_database: database }, context);
  expect(changes).toEqual([{ data: { kind: 'finding', path: join(root, 'files/deep', NAME), scanner: 'clamscan', signature: 'TickwardTest.UNOFFICIAL' } }]);
  expect(verdict).toContain('1 of 2 files are known to clamscan');
  expect(verdict).not.toContain('\n');
  expect(snapshot(root)).toEqual(before);
}, 60_000);

test.skipIf(noClamscan !== undefined)(`clamscan without signatures is a failure that says so (${noClamscan ?? 'real'})`, async () => {
  const { root, context } = setUp();
  const plan = await scan.plan(scan.params.parse({ clamav_database: join(root, 'nowhere.ndb') }), context);
  await expect(scan.apply(plan, context, () => undefined)).rejects.toThrow(/clamscan did not judge: clamscan ended with an error/);
}, 60_000);

test.skipIf(noYara !== undefined)(`yara names the rule that matches (${noYara ?? 'real'})`, async () => {
  const { root, context, rules } = setUp();
  const plan = await scan.plan(scan.params.parse({ paths: [join(root, 'files')], yara_rules: rules }), context);
  const changes: Change[] = [];
  plan.data.scanners = plan.data.scanners.filter((scanner) => scanner.name === 'yara');
  await scan.apply(plan, context, (change) => changes.push(change));
  expect(changes).toEqual([{ data: { kind: 'finding', path: join(root, 'files/deep', NAME), scanner: 'yara', signature: 'tickward_test' } }]);
});

test.skipIf(noYara !== undefined)(`rules that yara does not take are a failure with yara's own words (${noYara ?? 'real'})`, async () => {
  const { root, context, rules } = setUp();
  writeFileSync(rules, 'rule broken {');
  const plan = await scan.plan(scan.params.parse({ paths: [join(root, 'files')], yara_rules: rules }), context);
  plan.data.scanners = plan.data.scanners.filter((scanner) => scanner.name === 'yara');
  await expect(scan.apply(plan, context, () => undefined)).rejects.toThrow(/yara ended with an error: .*syntax error/);
});

test.skipIf(noClamscan === undefined)('without a scanner it says what to install', async () => {
  const { root, context, rules } = setUp();
  expect(await scan.plan(scan.params.parse({ paths: [root] }), context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('apt-get install clamav') });
  const plan = await scan.plan(scan.params.parse({ paths: [root], yara_rules: rules }), context);
  expect([plan.reason, ...plan.notes].join()).toContain('clamscan is not installed');
});

test('links, devices and what is not there are left out, and named where they were asked for', () => {
  const { root } = setUp();
  linkSync(join(root, 'files/good'), join(root, 'files/other-name'));
  const { files, notes } = filesToScan([join(root, 'files'), join(root, 'files/good'), join(root, 'files/link'), '/dev/zero', join(root, 'nowhere')]);
  expect(files.map(String)).toEqual([join(root, 'files/deep', NAME), join(root, 'files/good'), join(root, 'files/other-name')]);
  expect(notes).toEqual([expect.stringContaining('link is a symbolic link'), '/dev/zero is no regular file']);
});

test('a thousand files are the most', () => {
  const root = temporaryDirectory();
  for (let index = 0; index < 1_005; index += 1) writeFileSync(join(root, String(index)), '');
  const { files, notes } = filesToScan([root]);
  expect(files).toHaveLength(1_000);
  expect(notes).toEqual(['only the first 1000 files are scanned: name fewer directories']);
});

test('a file that may not be read is said', () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'closed'));
  chmodSync(join(root, 'closed'), 0o000);
  const { files, notes } = filesToScan([join(root, 'closed')]);
  chmodSync(join(root, 'closed'), 0o700);
  expect([files, notes.length]).toEqual([[], isRoot ? 0 : 1]);
});
