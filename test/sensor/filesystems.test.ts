/** What the kernel says of mounts and devices, and what an attacker may make it say. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMountInfo, readMountInfo } from '../../src/host/mounts.ts';
import { deviceText, programFileSystems } from '../../src/sensor/filesystems.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';

/** As the kernel writes a path there (fs/proc_namespace.c: mangle). */
function escaped(path: string): string {
  return path.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

const path = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 40 }).map((name) => `/${name}`);
const optional = fc.array(fc.constantFrom('shared:1', 'master:2', 'propagate_from:3', 'unbindable'), { maxLength: 3 });

describe('mountinfo', () => {
  test.each([
    ['no optional fields', '22 1 0:21 / /proc rw - proc proc rw', [{ device: '0:21', path: '/proc', type: 'proc' }]],
    ['several', '22 1 254:1 /sub /mnt rw,nosuid shared:1 master:2 - ext4 /dev/vda rw', [{ device: '254:1', path: '/mnt', type: 'ext4' }]],
    ['blanks and more in the path', String.raw`22 1 0:40 / /a\040b\011c\012d\134e\043f rw - tmpfs none rw`, [{ device: '0:40', path: '/a b\tc\nd\\e#f', type: 'tmpfs' }]],
    ['a backslash that is no escape', String.raw`22 1 0:40 / /a\9\08\400 rw - tmpfs none rw`, [{ device: '0:40', path: String.raw`/a\9\08${'\\'}400`, type: 'tmpfs' }]],
    ['no type', '22 1 0:40 / /a rw shared:1', []],
    ['nothing', '', []],
    ['too little', '22 1 -  - ', []],
    ['a source that looks like the separator', '22 1 0:40 / /a rw - tmpfs  - rw', [{ device: '0:40', path: '/a', type: 'tmpfs' }]],
  ] as const)('%s', (_, line, mounts) => {
    expect(parseMountInfo(`${line}\n`)).toEqual(mounts);
  });

  test('every path that a mount may have comes back as it is', () => {
    fc.assert(fc.property(path, path, optional, (root, point, fields) => {
      const line = ['22', '1', '0:40', escaped(root), escaped(point), 'rw', ...fields, '-', 'tmpfs', escaped(root), 'rw'].join(' ');
      expect(parseMountInfo(`1 1 0:1 / / rw - ext4 x rw\n${line}\n`)).toEqual([{ device: '0:1', path: '/', type: 'ext4' }, { device: '0:40', path: point, type: 'tmpfs' }]);
    }));
  });

  test('nonsense never throws', () => {
    fc.assert(fc.property(fc.string(), fc.array(fc.constantFrom(' ', '-', ' - ', '\n', '\\', '\\040', '0:1', '/', 'x')).map((parts) => parts.join('')), (text, odd) => {
      expect(Array.isArray(parseMountInfo(text))).toBe(true);
      for (const mount of parseMountInfo(odd)) expect(mount).toEqual({ device: expect.any(String), path: expect.any(String), type: expect.any(String) });
    }));
  });

  test("this host's mounts are found, the root among them, and one of each file system that programs are run from", () => {
    const mounts = readMountInfo();
    expect(mounts).toHaveLength(readFileSync('/proc/self/mountinfo', 'latin1').trim().split('\n').length);
    expect(mounts.map((mount) => mount.path)).toContain('/');
    const devices = programFileSystems(mounts).map(({ device }) => device);
    expect(new Set(devices).size).toBe(devices.length);
    expect(programFileSystems(mounts).map(({ type }) => type)).not.toContain('proc');
  });
});

describe('a device number', () => {
  test.each([[0n, '0:0'], [0xfe00n, '254:0'], [0x801n, '8:1'], [0x1_0000_1n, '0:257'], [0xffff_ffffn, '4095:1048575'], [0x1000_0000_0000n, '4096:0'], [0xffff_ffff_ffff_ffffn, '4294967295:4294967295']])('%d is %s', (dev, text) => {
    expect(deviceText(dev)).toBe(text);
  });

  test('is made and split alike (glibc: gnu_dev_makedev)', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 0xffff_ffff }), (major, minor) => {
      const [high, low] = [BigInt(major), BigInt(minor)];
      expect(deviceText(((high & 0xfffn) << 8n) | ((high & ~0xfffn) << 32n) | (low & 0xffn) | ((low & ~0xffn) << 12n))).toBe(`${major}:${minor}`);
    }));
  });

  test('of what is mounted here is as mountinfo has it', () => {
    const plain = readMountInfo().filter(({ type }) => ['ext4', 'xfs', 'tmpfs', 'proc', 'sysfs', 'devtmpfs'].includes(type));
    // The last that was mounted on a path is the one that stat(2) sees.
    const last = new Map(plain.map((mount) => [mount.path, mount.device]));
    const seen = [...last].flatMap(([point, device]) => {
      const stat = statSync(Buffer.from(point, 'latin1'), { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? [] : [{ point, device, found: deviceText(stat.dev) }];
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter(({ device, found }) => device !== found)).toEqual([]);
  });
});

/** Calls of `MountChanges` in a mount namespace of its own, where `mount()` mounts one thing more. */
function toldOf(script: string): unknown {
  const setting = `import { spawnSync } from 'node:child_process'; import { setTimeout as pause } from 'node:timers/promises'; import { MountChanges } from ${JSON.stringify(join(import.meta.dirname, '../../src/sensor/filesystems.ts'))};
    const mount = () => { if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0) throw new Error('mount'); };
    let told = 0; const changes = new MountChanges(); const QUIET_MS = 300;`;
  return printedAmongMounts('', `${setting}\n${script}\nconsole.log(JSON.stringify(told)); changes.close();`);
}

test.skipIf(noMounts !== undefined)(`no change of mounts escapes, also while the loop is busy (${noMounts ?? 'in a namespace of its own'})`, () => {
  expect(toldOf('changes.start(() => { told += 1; }); await pause(QUIET_MS);'), 'nothing is mounted').toBe(0);
  expect(toldOf('mount(); changes.start(() => { told += 1; }); await pause(QUIET_MS);'), 'before it waits').toBeGreaterThan(0);
  // What epoll says of a descriptor that it takes up is lost.
  expect(toldOf('changes.start(() => { told += 1; }); mount(); await pause(QUIET_MS);'), 'before the loop has come to wait').toBeGreaterThan(0);
  expect(toldOf('changes.start(() => { told += 1; }); await pause(QUIET_MS); mount(); await pause(QUIET_MS);'), 'while it waits').toBeGreaterThan(0);
  // The second is mounted when the first was told and nothing waits yet.
  expect(toldOf('let seen = 0; changes.start(() => { seen += 1; if (seen === 1) mount(); else told += 1; }); await pause(QUIET_MS); mount(); await pause(QUIET_MS);'), 'while it is told of another').toBeGreaterThan(0);
});
