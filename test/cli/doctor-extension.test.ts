/** What `doctor` says of the extension: one condition of osquery after the other, broken and mended by the command that it names. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { extensionFindings, type OsqueryHost } from '../../src/cli/doctor/extension.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { notRoot } from '../helpers/host.ts';

const me = process.getuid?.() ?? 0;
let directory: string;
let host: OsqueryHost;

beforeEach(() => {
  directory = temporaryDirectory();
  const folder = join(directory, "it's here");
  mkdirSync(folder, { mode: 0o755 });
  host = { extension: join(folder, 'systemd_timer_events.ext'), loadFile: join(directory, 'extensions.load'), flagFile: join(directory, 'osquery.flags'), owner: me };
  writeFileSync(host.extension, '#!/bin/sh\n', { mode: 0o755 });
});

const load = (path = host.extension): void => writeFileSync(host.loadFile, `# ours\n ${path} \n`);
const find = (check: string): Finding | undefined => extensionFindings(host).find((finding) => finding.check === check);

describe('osquery extension', () => {
  const folder = (): string => join(host.extension, '..');
  test.each<[string, () => void, RegExp]>([
    ['others may write it', () => chmodSync(host.extension, 0o757), /others than its owner may write .*\.ext \(mode 0757\)/],
    ['the group may write it', () => chmodSync(host.extension, 0o775), /others than its owner may write/],
    ['others may write its folder', () => chmodSync(folder(), 0o777), /may write its folder .*\(mode 0777\)/],
    ['it cannot be run', () => chmodSync(host.extension, 0o644), /may not run/],
  ])('%s: the command mends it', (_, spoil, found) => {
    load();
    expect(find('osquery extension')).toMatchObject({ ok: true, fix: null });
    spoil();
    const finding = find('osquery extension');
    expect(finding).toMatchObject({ ok: false, found: expect.stringMatching(found) });
    expect(spawnSync('sh', ['-c', finding?.fix ?? ''], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(find('osquery extension')).toMatchObject({ ok: true, fix: null });
  });

  test('its folder is like /tmp', () => {
    load();
    chmodSync(folder(), 0o1755);
    expect(find('osquery extension')).toMatchObject({ ok: false, found: expect.stringContaining('sticky bit'), fix: expect.stringContaining('/usr/lib/osquery/extensions/') });
  });

  test.skipIf(notRoot !== undefined)(`it or its folder belongs to somebody else (${notRoot ?? 'as root'})`, () => {
    load();
    for (const path of [host.extension, folder()]) {
      expect(spawnSync('chown', ['4711', path]).status).toBe(0);
      const finding = find('osquery extension');
      expect(finding).toMatchObject({ ok: false, found: expect.stringContaining('belongs to uid 4711') });
      expect(spawnSync('sh', ['-c', finding?.fix ?? '']).status).toBe(0);
    }
    expect(find('osquery extension')?.ok).toBe(true);
  });

  test('it has another ending, is a directory, is not there', () => {
    const other = join(folder(), 'systemd_timer_events.sh');
    renameSync(host.extension, other);
    host.extension = other;
    load();
    expect(find('osquery extension')).toMatchObject({ ok: false, found: expect.stringContaining('.ext') });
    rmSync(other);
    expect(find('osquery extension')).toMatchObject({ ok: false, found: expect.stringContaining('ENOENT') });
    mkdirSync(other);
    expect(find('osquery extension')).toMatchObject({ ok: false, found: expect.stringContaining('directory') });
  });

  test('what osqueryi would load all the same is no fault where osqueryd is not told to', () => {
    chmodSync(host.extension, 0o757);
    expect(find('osquery extension')).toMatchObject({ ok: true, found: expect.stringContaining('would refuse'), fix: expect.stringContaining('chmod go-w') });
  });

  test('a link that the load file names is looked at where it stands', () => {
    const link = join(directory, 'systemd_timer_events.ext');
    symlinkSync(host.extension, link);
    load(link);
    chmodSync(directory, 0o777);
    expect(find('osquery extension')).toMatchObject({ ok: false, found: expect.stringContaining(`its folder ${directory}`) });
  });
});

describe('osquery autoload', () => {
  test('nothing is told of it, or something else', () => {
    expect(find('osquery autoload')).toMatchObject({ ok: true, found: expect.stringContaining('does not name it'), fix: expect.stringContaining('deploy/osquery.flags') });
    writeFileSync(host.loadFile, `#${host.extension}\n/usr/lib/osquery/other.ext\n`);
    expect(find('osquery autoload')?.found).toContain('does not name it');
  });

  test.each(['tickward', 'other, tickward'])('nothing is told of it, and osqueryd must have %s: the command mends it', (names) => {
    writeFileSync(host.flagFile, `--extensions_require=${names}\n--extensions_timeout=10\n`);
    // Without an end, as some editors leave it.
    writeFileSync(host.loadFile, '/usr/lib/osquery/other.ext');
    const finding = find('osquery autoload');
    expect(finding).toMatchObject({ ok: false, found: expect.stringContaining('osqueryd does not start') });
    expect(spawnSync('sh', ['-c', finding?.fix ?? ''], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(host.loadFile, 'utf8')).toBe(`/usr/lib/osquery/other.ext\n${host.extension}\n`);
    expect(find('osquery autoload')).toMatchObject({ ok: true, fix: null });
    writeFileSync(host.flagFile, '--extensions_require=tickward2\n');
    rmSync(host.loadFile);
    expect(find('osquery autoload')?.ok).toBe(true);
  });

  test.each(['--disable_extensions', '--disable_extensions=true'])('with the flag %s: the command mends it', (flags) => {
    load();
    writeFileSync(host.flagFile, `${flags}\n--extensions_timeout=10\n`);
    const finding = find('osquery autoload');
    expect(finding).toMatchObject({ ok: false, found: expect.stringContaining('--disable_extensions') });
    expect(spawnSync('sh', ['-c', finding?.fix ?? '']).status).toBe(0);
    expect(find('osquery autoload')).toMatchObject({ ok: true, fix: null });
  });

  test.each<[string, unknown]>([
    ['--disable_extensions=false', expect.stringContaining('extensions_timeout=10')],
    ['# --disable_extensions', expect.stringContaining('extensions_timeout=10')],
    ['--disable_extensions=false\n--extensions_timeout=10', null],
  ])('with the flags %j', (flags, fix) => {
    load();
    writeFileSync(host.flagFile, `${flags}\n`);
    expect(find('osquery autoload')).toMatchObject({ ok: true, fix });
  });

  test('another load file that the flags name', () => {
    const elsewhere = join(directory, 'elsewhere.load');
    writeFileSync(elsewhere, host.extension);
    writeFileSync(host.flagFile, `--extensions_autoload=${elsewhere}\n`);
    expect(find('osquery autoload')?.found).toBe(`${elsewhere} names ${host.extension}`);
  });
});
