/** The owner of a directory exchanges what root makes in it, as soon as it is there, for something that is not theirs. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, linkSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDirectory } from '../../src/host/files.ts';
import { withMade } from '../../src/host/made.ts';
import { ensureDirectory, restoreDirectory, restoreLink } from '../../src/host/restore.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';

const THEIRS = { uid: 4711, gid: 4712 };
const OWNED = { ...THEIRS, mode: 0o750, atime_ns: '1600000000123456789', mtime_ns: '1600000001987654321' };

/** What has the name goes, and what is root's takes it. */
const EXCHANGE = `const { renameSync } = require('node:fs');
process.on('disconnect', () => process.exit());
process.send('ready');
let n = 0;
const round = () => { for (let i = 0; i < 5000; i++) { try { renameSync('made', 'old/' + n); n += 1; renameSync('roots', 'made'); } catch {} } setImmediate(round); };
round();`;

describe.skipIf(!isRoot)('as root', () => {
  test('links and directories get the owner and the times that they had', () => {
    const root = temporaryDirectory();
    const link = join(root, 'link');
    expect(restoreLink(link, Buffer.from('nowhere'), OWNED)).toBe(true);
    expect(restoreDirectory(join(root, 'again'), OWNED, {})).toBe(true);
    expect(ensureDirectory(join(root, 'new'), THEIRS)).toBe(true);
    for (const name of ['link', 'again', 'new']) expect(lstatSync(join(root, name))).toMatchObject(THEIRS);
    expect(readlinkSync(link)).toBe('nowhere');
    for (const name of ['link', 'again']) expect(String(lstatSync(join(root, name), { bigint: true }).mtimeNs)).toBe(OWNED.mtime_ns);
  });

  test('what is not what was made is refused and not touched', () => {
    const root = temporaryDirectory();
    using parent = openDirectory(root);
    mkdirSync(join(root, 'full/inside'), { recursive: true });
    mkdirSync(join(root, 'theirs'));
    chownSync(join(root, 'theirs'), 4713, 4713);
    writeFileSync(join(root, 'file'), '');
    symlinkSync('file', join(root, 'link'));
    linkSync(join(root, 'link'), join(root, 'twice'));
    const refused = [['full', 'directory'], ['theirs', 'directory'], ['file', 'link'], ['file', 'directory'], ['twice', 'link'], ['link', 'directory']] as const;
    for (const [name, kind] of refused) expect(() => withMade(parent, Buffer.from(name), join(root, name), kind, () => expect.unreachable())).toThrow(/exchanged for something else/);
  });

  test('of somebody who exchanges a directory all the time nothing else changes hands', async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'old'));
    writeFileSync(join(root, 'exchange.cjs'), EXCHANGE);
    const attacker = fork(join(root, 'exchange.cjs'), { cwd: root, execArgv: [] });
    onTestFinished(() => void attacker.kill('SIGKILL'));
    await once(attacker, 'message');
    let given = 0;
    for (const end = performance.now() + 2_000; given === 0 && performance.now() < end; ) {
      mkdirSync(join(root, 'roots.part/precious'), { recursive: true });
      const { ino } = lstatSync(join(root, 'roots.part'));
      renameSync(join(root, 'roots.part'), join(root, 'roots'));
      try {
        ensureDirectory(join(root, 'made'), THEIRS);
      } catch {
        // Refused, or gone again already.
      }
      const found = ['roots', 'made', ...readdirSync(join(root, 'old')).map((name) => `old/${name}`)].map((name) => lstatSync(join(root, name), { throwIfNoEntry: false })).find((stat) => stat?.ino === ino);
      if (found?.uid === THEIRS.uid) given += 1;
      for (const name of ['roots', 'made']) {
        try {
          renameSync(join(root, name), join(root, `old/${name}${performance.now()}`));
        } catch {
          // It was exchanged in between.
        }
      }
    }
    expect(given).toBe(0);
  });
});
