import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { look, namesIn, openDirectory, openFile, readRegular } from '../../src/host/files.ts';
import { copyToQuarantine, prepareQuarantine, removeEmptyDirectory, removeLink, unlinkFile } from '../../src/host/quarantine.ts';
import { restoreFile, restoreLink } from '../../src/host/restore.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { linkRace, naive, safe } from '../helpers/link-race.ts';

const uid = process.getuid?.() ?? 0;

test('a directory is opened and its names are read as bytes, also where they are no UTF-8', () => {
  const directory = temporaryDirectory();
  const name = Buffer.from([0x61, 0xff, 0x2e, 0x74]);
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]), 'x');
  using opened = openDirectory(directory);
  expect(namesIn(opened)).toEqual([name]);
  expect(readRegular(Buffer.concat([Buffer.from(`${directory}/`), name]), 10).content.toString()).toBe('x');
});

const systemLink = ['/lib', '/bin', '/sbin'].find((path) => lstatSync(path).isSymbolicLink() && lstatSync(path).uid === 0);

test.skipIf(systemLink === undefined)('a link in / that belongs to the system is followed (skipped where / has no such link)', () => {
  using opened = openDirectory(systemLink!);
  expect(opened.state.ino).toBe(String(statSync(systemLink!).ino));
});

describe('what is refused', () => {
  const setUp = (): { directory: string; victim: string } => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'units'));
    mkdirSync(join(directory, 'elsewhere'));
    const victim = join(directory, 'elsewhere', 'a.timer');
    writeFileSync(victim, 'precious');
    return { directory: join(directory, 'units'), victim };
  };

  test('a symbolic link under the name of a file is named as one', () => {
    const { directory, victim } = setUp();
    symlinkSync(victim, join(directory, 'a.timer'));
    expect(() => openFile(join(directory, 'a.timer'))).toThrow(/a\.timer is not touched: it is a symbolic link/);
  });

  test('a link on the way to a file is named', () => {
    const { directory, victim } = setUp();
    symlinkSync(join(victim, '..'), join(directory, 'way'));
    expect(() => openFile(join(directory, 'way', 'a.timer'))).toThrow(/way on the way is a symbolic link/);
  });

  test('a second name of a file elsewhere is named a hard link', () => {
    const { directory, victim } = setUp();
    linkSync(victim, join(directory, 'a.timer'));
    expect(() => openFile(join(directory, 'a.timer'))).toThrow(/one of 2 names of the same file/);
  });

  test('a FIFO is refused without waiting for its other end', () => {
    const { directory } = setUp();
    execFileSync('mkfifo', [join(directory, 'a.timer')]);
    expect(() => openFile(join(directory, 'a.timer'))).toThrow(/it is a FIFO/);
  });

  test('what to look at can be pasted, whatever it is called', () => {
    const { directory } = setUp();
    const path = join(directory, "a'; echo PWNED; '");
    mkdirSync(path);
    expect(() => openFile(path)).toThrow(expect.objectContaining({ hint: String.raw`look at it: stat '${directory}/a'\''; echo PWNED; '\'''` }));
  });

  test('a socket is refused', async () => {
    const { directory } = setUp();
    const server = createServer().listen(join(directory, 'a.timer'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    expect(() => openFile(join(directory, 'a.timer'))).toThrow(/it is a socket/);
  });

  test.each(['relative/a.timer', '/etc/../a.timer', '/etc/./a.timer', '/etc/a\0b', '/etc/'])('the path %j is none that is walked', (path) => {
    expect(() => openFile(path)).toThrow(/no (?:absolute|plain) path/);
  });

  test('a file that is not there is NOT_FOUND', () => {
    const { directory } = setUp();
    expect(() => openFile(join(directory, 'b.timer'))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    expect(look(join(directory, 'b.timer'))).toBeUndefined();
  });
});

describe('taking away and giving back', () => {
  const setUp = (): { file: string; quarantine: string } => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'units'));
    const file = join(directory, 'units', 'a.timer');
    writeFileSync(file, '[Timer]\nOnCalendar=daily\n', { mode: 0o640 });
    return { file, quarantine: prepareQuarantine(join(directory, 'quarantine'), uid) };
  };

  test('a file comes back with its content, mode, owner and time', async () => {
    const { file, quarantine } = setUp();
    const before = statSync(file, { bigint: true });
    using opened = openFile(file);
    const copy = copyToQuarantine(opened, quarantine);
    unlinkFile(opened);
    expect(existsSync(file)).toBe(false);
    expect(restoreFile(file, copy, opened.state, {})).toBe(true);
    const { mode, uid: owner, gid } = statSync(file);
    expect({ mode, owner, gid, content: readFileSync(file, 'utf8') }).toEqual({ mode: Number(before.mode), owner: Number(before.uid), gid: Number(before.gid), content: '[Timer]\nOnCalendar=daily\n' });
    expect(statSync(file, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
    expect(restoreFile(file, copy, opened.state, {})).toBe(false);
  });

  test('a copy is read-only, and the same content twice is one copy', () => {
    const { file, quarantine } = setUp();
    using one = openFile(file);
    const first = copyToQuarantine(one, quarantine);
    expect(copyToQuarantine(one, quarantine)).toEqual(first);
    expect(statSync(first.file).mode & 0o777).toBe(0o400);
    using directory = openDirectory(quarantine);
    expect(namesIn(directory)).toHaveLength(1);
  });

  test('a file that something else replaced is neither unlinked nor overwritten', async () => {
    const { file, quarantine } = setUp();
    using opened = openFile(file);
    const copy = copyToQuarantine(opened, quarantine);
    renameSync(file, `${file}.old`);
    writeFileSync(file, 'another');
    expect(() => unlinkFile(opened)).toThrow(/exchanged for something else/);
    expect(() => restoreFile(file, copy, opened.state, {})).toThrow(/something else has this name now/);
    expect(readFileSync(file, 'utf8')).toBe('another');
  });

  test('a copy that was tampered with is not given back', async () => {
    const { file, quarantine } = setUp();
    using opened = openFile(file);
    const copy = copyToQuarantine(opened, quarantine);
    unlinkFile(opened);
    unlinkSync(copy.file);
    writeFileSync(copy.file, 'evil');
    expect(() => restoreFile(file, copy, opened.state, {})).toThrow(/was changed: its hash/);
    expect(existsSync(file)).toBe(false);
  });

  test('a restore that was cut off before its end is completed by the next', async () => {
    const { file, quarantine } = setUp();
    using opened = openFile(file);
    const copy = copyToQuarantine(opened, quarantine);
    unlinkFile(opened);
    expect(() => restoreFile(file, copy, opened.state, { 'no.such': '0x00' })).toThrow(/no\.such/);
    const ended = spawnSync('true').pid;
    const left = (pid: number): string => join(file, '..', `.tickward-${pid}-0123456789abcdef.part`);
    for (const pid of [ended, process.pid]) writeFileSync(left(pid), 'half');
    expect(restoreFile(file, copy, opened.state, {})).toBe(true);
    // One that another run may be writing stays.
    expect(readdirSync(join(file, '..'))).toEqual([`.tickward-${process.pid}-0123456789abcdef.part`, 'a.timer']);
    // Cut off when it had both names.
    linkSync(file, left(ended));
    expect(restoreFile(file, copy, opened.state, {})).toBe(false);
    expect(lstatSync(file).nlink).toBe(1);
  });

  test('a link is removed only while it leads where it did, and comes back', () => {
    const { file } = setUp();
    const link = join(file, '..', 'b.timer');
    symlinkSync('a.timer', link);
    expect(() => removeLink(link, Buffer.from('other'), () => {})).toThrow(/no longer the link to other/);
    let announced = 0;
    expect(removeLink(link, Buffer.from('a.timer'), () => (announced += 1))).toBe(true);
    expect(removeLink(link, Buffer.from('a.timer'), () => (announced += 1))).toBe(false);
    expect(announced).toBe(1);
    const { state } = look(file)!;
    expect(restoreLink(link, Buffer.from('a.timer'), state)).toBe(true);
    expect(restoreLink(link, Buffer.from('a.timer'), state)).toBe(false);
  });

  test('a directory with something in it stays', () => {
    const { file } = setUp();
    const directory = join(file, '..');
    expect(removeEmptyDirectory(directory, () => {})).toBe(false);
    unlinkSync(file);
    expect(removeEmptyDirectory(directory, () => {})).toBe(true);
  });

  test('a quarantine that others may look into is not used', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'open'), { mode: 0o755 });
    expect(() => prepareQuarantine(join(directory, 'open'), uid)).toThrow(/not a directory of ours alone/);
  });
});

describe('against someone who exchanges the directory for a link all the time', () => {
  const race = (rounds: number, limitMs: number, attempt: (path: string) => void, stopAtFirst: boolean): ReturnType<typeof linkRace> => linkRace(temporaryDirectory(), { rounds, limitMs, attempt, stopAtFirst, onTestFinished });

  test('code that checks first and removes by path then would delete the file of the victim', async () => {
    expect((await race(100_000, 20_000, naive, true)).victims).toBeGreaterThan(0);
  });

  test('no file of the victim is deleted in five hundred rounds, and planted ones are', async () => {
    const { victims, removed } = await race(500, 20_000, safe, false);
    expect(removed).toBeGreaterThan(0);
    expect(victims).toBe(0);
  });
});
