/** Attributes of chattr(1) that are taken off for as long as something is done, on files of the test's own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { protectionsOf, withoutProtection } from '../../src/actions/attributes.ts';
import { editUndoer } from '../../src/actions/file-edit-undo.ts';
import type { Change } from '../../src/actions/index.ts';
import { worded } from '../../src/actions/journal-forms.ts';
import { undoRemoval } from '../../src/actions/removal-undo.ts';
import { undoEach } from '../../src/actions/undoing.ts';
import { applyEdit, describeEdit, editChange, planEdit, undoLines, type FileEdit } from '../../src/actions/file-edit.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';
import { isRoot } from '../helpers/needs.ts';
import { remove } from '../helpers/removing.ts';
import { contextFor, EVIL, hostIn, plant } from '../helpers/response.ts';

function immutable(path: string): boolean {
  onTestFinished(() => void spawnSync('chattr', ['-i', path]));
  return spawnSync('chattr', ['+i', path]).status === 0;
}

const flagsOf = (path: string): string => execFileSync('lsattr', ['-d', path], { encoding: 'utf8' }).split(' ')[0]?.replaceAll(/[-e]/g, '') ?? '';

describe.skipIf(!isRoot)('needs root and a file system that knows chattr +i', () => {
  test('they are off while it is done and set again, whether that fails or not, and what fails is what is said', ({ skip }) => {
    const root = temporaryDirectory();
    const paths = ['a', 'b'].map((name) => join(root, name));
    for (const path of paths) writeFileSync(path, '');
    skip(!paths.every(immutable), 'the file system of the temporary directory has no attributes');
    const protections = protectionsOf(paths.map((path) => Buffer.from(path)));
    const announced: number[] = [];
    expect(withoutProtection(protections, () => paths.map(flagsOf), (_, index) => announced.push(index))).toEqual(['', '']);
    expect(announced).toEqual([0, 1]);
    expect(paths.map(flagsOf)).toEqual(['i', 'i']);
    expect(() => withoutProtection(protections, () => {
      throw new Error('refused');
    })).toThrow('refused');
    expect(paths.map(flagsOf)).toEqual(['i', 'i']);
    // Where the second cannot even be announced, the first one comes back.
    expect(() => withoutProtection(protections, () => {}, (_, index) => {
      if (index === 1) throw new Error('no journal');
    })).toThrow('no journal');
    expect(paths.map(flagsOf)).toEqual(['i', 'i']);
  });

  test('an undo makes nothing immutable that somebody put in the place of what was', async ({ skip }) => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const [timer, service] = ['timer', 'service'].map((type) => join(root, `etc/evil.${type}`)) as [string, string];
    skip(![timer, service].every(immutable), 'the file system of the temporary directory has no attributes');
    const changes = await remove(root);
    writeFileSync(timer, "[Timer]\n# somebody else's\n");
    const { done, failed } = await undoRemoval(changes, contextFor(hostIn(root), timer));
    expect(failed).toEqual([expect.stringContaining(`${timer} is not restored: something else has this name now`)]);
    expect([flagsOf(timer), flagsOf(service), done.filter((text) => text.includes('attribute'))]).toEqual(['', 'i', [`set the attribute i on ${service} again`]]);
  });

  test('nor a file with other lines by now', async ({ skip }) => {
    const root = temporaryDirectory();
    const [changed, same] = ['changed', 'same'].map((name) => join(root, name)) as [string, string];
    for (const path of [changed, same]) writeFileSync(path, 'good\nevil\n');
    skip(![changed, same].every(immutable), 'the file system of the temporary directory has no attributes');
    const changes: Change[] = [];
    for (const path of [changed, same]) {
      const edit = planEdit(Buffer.from(path), ({ text }) => text === 'evil') as FileEdit;
      applyEdit(edit, [], contextFor(hostIn(root), path), (data, text) => changes.unshift(worded(text, data)));
      execFileSync('chattr', ['-i', path]);
    }
    writeFileSync(changed, 'good\nmine\n');
    const { failed } = await undoEach(changes, editUndoer());
    expect(failed).toEqual([expect.stringContaining(`${changed} is not given back: it was changed since`)]);
    expect([flagsOf(changed), flagsOf(same), readFileSync(same, 'utf8')]).toEqual(['', 'i', 'good\nevil\n']);
  });

  test('an edit that fails, and an undo that fails, leave the file immutable', ({ skip }) => {
    const root = temporaryDirectory();
    const [path, at] = [join(root, 'keys'), Buffer.from(join(root, 'keys'))];
    writeFileSync(path, 'good\nevil\n');
    const context = contextFor(hostIn(root), path);
    const planned = (): FileEdit => planEdit(at, ({ text }) => text === 'evil') as FileEdit;
    const edit = (): unknown[] => {
      const changes: unknown[] = [];
      const plan = planned();
      applyEdit(plan, describeEdit(plan, 'the line').map(({ text }) => text), context, (change) => changes.push(change));
      return changes;
    };
    skip(!immutable(path), 'the file system of the temporary directory has no attributes');
    // No copy can be made.
    mkdirSync(join(root, 'quarantine', `part-${process.pid}`), { recursive: true, mode: 0o700 });
    expect(edit).toThrow(/part-/);
    expect([flagsOf(path), readFileSync(path, 'utf8')]).toEqual(['i', 'good\nevil\n']);
    execFileSync('rmdir', [join(root, 'quarantine', `part-${process.pid}`)]);
    const change = editChange.parse(edit().at(-1));
    expect([flagsOf(path), readFileSync(path, 'utf8')]).toEqual(['i', 'good\n']);
    if (change.kind !== 'lines') throw new Error('no lines');
    execFileSync('chmod', ['600', change.copy.file]);
    writeFileSync(change.copy.file, 'tampered');
    expect(() => undoLines(change, { done: [], already: [], failed: [] })).toThrow(/was changed: its hash/);
    expect([flagsOf(path), readFileSync(path, 'utf8')]).toEqual(['i', 'good\n']);
  });
});

const noExt4 = noMounts ?? (spawnSync('mke2fs', ['-V']).status === 0 ? undefined : 'needs mke2fs: apt-get install e2fsprogs');

describe.skipIf(noExt4 !== undefined)(`on an ext4 of the test's own (${noExt4 ?? 'a loop device'})`, { timeout: 60_000 }, () => {
  const repository = join(import.meta.dirname, '../..');
  const PREPARE = `mount -t tmpfs none /mnt; truncate -s 16M /mnt/image; mke2fs -qF -t ext4 /mnt/image; mkdir /mnt/disk; mount -o loop /mnt/image /mnt/disk`;
  /** A removal that ends before or after the Nth of its changes is in the record, for each N and whole; then its undo, twice. */
  const PROGRAM = `
import { execFileSync } from 'node:child_process';
import { removeTimer } from '${repository}/src/actions/remove-timer.ts';
import { contextFor, EVIL, hostIn, plant, snapshot } from '${repository}/test/helpers/response.ts';
const root = '/mnt/disk';
plant(root, EVIL);
const context = contextFor(hostIn(root), root + '/etc/evil.timer');
for (const [flags, path] of [['i', 'etc/evil.timer.d/more.conf'], ['a', 'etc/evil.service'], ['ia', 'etc/evil.timer'], ['a', 'etc/evil.timer.d'], ['i', 'etc/timers.target.wants'], ['ai', 'etc']]) execFileSync('chattr', ['+' + flags, root + '/' + path]);
// The times of directories are in the record of a whole removal alone.
const look = (cut = 0) => JSON.stringify([Object.entries(snapshot(root)).map(([path, text]) => path + ' ' + (cut === 0 ? text : text.replace(/\\d+ (?=directory$)/, ''))), execFileSync('find', [root + '/etc', '!', '-type', 'l', '-exec', 'lsattr', '-d', '{}', '+'], { encoding: 'utf8' }).split('\\n').map((line) => line.replace(/^(\\S+)/, (flags) => flags.replaceAll(/[-e]/g, ''))).sort()]);
const told = [];
let cuts = 0;
for (let cut = 0, ended = true; cut === 0 || ended; cut += 1) {
  ended = false;
  const changes = [];
  let number = 0;
  const record = (change) => {
    number += 1;
    const isIt = Math.ceil(cut / 2) === number;
    if (isIt && cut % 2 === 1) throw new Error('cut off');
    changes.unshift(change);
    if (isIt) throw new Error('cut off');
  };
  const before = look(cut);
  const plan = await removeTimer.plan({ keep_service: false, keep_mask: true }, context);
  try {
    await removeTimer.apply(plan, context, record);
    const { ok } = await removeTimer.verify(plan, context);
    if (cut === 0) told.push({ steps: plan.steps.length, ok, changed: look(cut) !== before });
  } catch (error) {
    if (error.message !== 'cut off') throw error;
    ended = true;
    cuts += 1;
  }
  const first = await removeTimer.undo(changes, context);
  const isBack = look(cut) === before;
  const second = await removeTimer.undo(changes, context);
  if (!isBack || first.failed.length + second.failed.length + second.done.length > 0 || look(cut) !== before) told.push({ cut, isBack, first, second, before, after: look(cut) });
  if (cut === 0) { ended = true; told.push(first.done.filter((text) => text.startsWith('set the attribute')).map((text) => text.replaceAll(root + '/', ''))); }
}
told.push({ cuts });
console.log(JSON.stringify(told));
`;

  test('the undo of a removal sets all of them again, wherever it was cut off, and a second one finds nothing to do', () => {
    expect(printedAmongMounts(PREPARE, PROGRAM)).toEqual([
      { steps: expect.any(Number), ok: true, changed: true },
      expect.arrayContaining(['etc/evil.timer.d', 'etc/evil.timer.d/more.conf', 'etc/evil.service', 'etc/evil.timer', 'etc/timers.target.wants', 'etc'].map((path) => expect.stringMatching(new RegExp(`^set the attribute [ai]+ on ${path} again$`)))),
      // Before and after each of the eleven, and of the times.
      { cuts: 24 },
    ]);
  });
});
