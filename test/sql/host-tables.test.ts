/** Tables of one file: what is made of its lines, and that this host's are as other programs see them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { machine, release } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseMounts } from '../../src/host/mounts.ts';
import { parseArp } from '../../src/sql/tables/arp_cache.ts';
import { parseResolvConf } from '../../src/sql/tables/dns_resolvers.ts';
import { etc_hosts, parseHosts } from '../../src/sql/tables/etc_hosts.ts';
import { parseArguments, parseVersion } from '../../src/sql/tables/kernel_info.ts';
import { kernel_modules, parseModules } from '../../src/sql/tables/kernel_modules.ts';
import { readWhole } from '../../src/sql/tables/lines.ts';
import { parseLoad } from '../../src/sql/tables/load_average.ts';
import { mounts } from '../../src/sql/tables/mounts.ts';
import { within } from '../../src/sql/tables/namespaces.ts';
import { os_version, parseOsRelease, parseRelease } from '../../src/sql/tables/os_version.ts';
import { hidesProcesses } from '../../src/sql/tables/pids.ts';
import { fullName, parseProcessors, system_info } from '../../src/sql/tables/system_info.ts';
import { zoneName } from '../../src/sql/tables/time.ts';
import { split } from '../../src/sql/tables/uptime.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { context } from '../helpers/table.ts';

test('arp_cache: permanent are those that were set by hand', () => {
  expect(parseArp('IP address       HW type     Flags       HW address            Mask     Device\n192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0\n192.0.2.9        0x1         0x6         02:fc:00:00:00:09     *        eth0\n')).toEqual([
    { address: '192.0.2.1', mac: '02:fc:00:00:00:05', interface: 'eth0', permanent: '0' }, { address: '192.0.2.9', mac: '02:fc:00:00:00:09', interface: 'eth0', permanent: '1' },
  ]);
});

test('etc_hosts: comments end a line, an address may stand alone', () => {
  expect(parseHosts('# comment\n127.0.0.1\tlocalhost  local # mine\n\n::1 ip6-localhost\n203.0.113.9\n')).toEqual([{ address: '127.0.0.1', hostnames: 'localhost local' }, { address: '::1', hostnames: 'ip6-localhost' }, { address: '203.0.113.9', hostnames: '' }]);
});

describe('dns_resolvers', () => {
  test('three servers at most, the last search, the bits of the options', () => {
    expect(parseResolvConf('; c\nnameserver 1.1.1.1\nnameserver 2001:db8::53\nnameserver 8.8.8.8\nnameserver 9.9.9.9\ndomain one.example\nsearch two.example three.example\noptions edns0 trust-ad ndots:2\n', 'host')).toEqual([
      { id: 0, type: 'nameserver', address: '1.1.1.1', netmask: '32', options: 68158145 }, { id: 1, type: 'nameserver', address: '2001:db8::53', netmask: '32', options: 68158145 }, { id: 2, type: 'nameserver', address: '8.8.8.8', netmask: '32', options: 68158145 },
      { id: 0, type: 'search', address: 'two.example', options: 68158145 }, { id: 1, type: 'search', address: 'three.example', options: 68158145 },
    ]);
  });

  test('without a word the server is this machine and the domain the host’s', () => {
    expect(parseResolvConf('', 'host.example.org').map(({ type, address, options }) => [type, address, options])).toEqual([['nameserver', '127.0.0.1', 705], ['search', 'example.org', 705]]);
  });
});

test('kernel_info: image and root device are no arguments', () => {
  expect(parseArguments('BOOT_IMAGE=/boot/vmlinuz-6.1.0-18-amd64 root=/dev/mapper/vg-root ro quiet\n')).toEqual({ path: '/boot/vmlinuz-6.1.0-18-amd64', device: '/dev/mapper/vg-root', arguments: 'ro quiet' });
  expect(parseVersion(readFileSync('/proc/version', 'utf8'))).toEqual({ version: release() });
});

test('kernel_modules: users without the last comma, addresses as shown', () => {
  expect(parseModules('nf_tables 311296 2 nft_chain_nat,nft_compat, Live 0xffffffffc0a00000\nevil 16384 0 - Live 0x0000000000000000 (OE)\n')).toEqual([
    { name: 'nf_tables', size: '311296', used_by: 'nft_chain_nat,nft_compat', status: 'Live', address: '0xffffffffc0a00000' }, { name: 'evil', size: '16384', used_by: '-', status: 'Live', address: '0x0000000000000000' },
  ]);
});

const lsmod = spawnSync('lsmod', { encoding: 'utf8' });
test.skipIf(lsmod.status !== 0)(`kernel_modules are those of lsmod${lsmod.status === 0 ? '' : ' — needs modules and lsmod: apt-get install kmod'}`, () => {
  const names = [...kernel_modules.generate(context())].map((row) => row['name']);
  expect(names.sort()).toEqual(execFileSync('lsmod', { encoding: 'utf8' }).trim().split('\n').slice(1).map((line) => line.split(/\s+/)[0]).sort());
});

test.each([
  ['CET-1CEST,M3.5.0,M10.5.0/3', 60, 'CET'], ['CET-1CEST,M3.5.0,M10.5.0/3', 120, 'CEST'], ['EST5EDT,M3.2.0,M11.1.0', -300, 'EST'], ['EST5EDT,M3.2.0,M11.1.0', -240, 'EDT'], ['IST-5:30', 330, 'IST'], ['<+03>-3', 180, '+03'], ['UTC0', 0, 'UTC'], ['', 0, undefined],
])('time: the zone of %j at %i minutes is called %s', (rule, offset, name) => {
  expect(zoneName(`TZif2 some bytes\n${rule}\n`, offset)).toBe(name);
});

test('processes are hidden by an option of /proc', () => {
  const proc = (options: string): ReturnType<typeof parseMounts> => parseMounts(`proc /proc proc rw,relatime${options} 0 0\n`);
  expect(['', ',hidepid=0', ',hidepid=off', ',hidepid=2', ',hidepid=invisible', ',gid=1,hidepid=1'].map((options) => hidesProcesses(proc(options)))).toEqual([false, false, false, true, true, true]);
});

test('load_average has six digits', () => {
  expect(parseLoad('0.14 0.64 11.41 2/171 14401\n')).toEqual([{ period: '1m', average: '0.140000' }, { period: '5m', average: '0.640000' }, { period: '15m', average: '11.410000' }]);
});

test('uptime in its parts', () => {
  expect(split(3 * 86_400 + 4 * 3_600 + 5 * 60 + 6)).toEqual({ days: 3, hours: 4, minutes: 5, seconds: 6, total_seconds: 273_906 });
});

describe('mounts', () => {
  test('names with blanks and line breaks are read as they are', () => {
    expect(parseMounts('/dev/sda1 /mnt/a\\040b\\012c\\134d ext4 rw,relatime 0 0\n\n')).toEqual([{ device: '/dev/sda1', path: '/mnt/a b\nc\\d', type: 'ext4', options: 'rw,relatime' }]);
  });

  test('are those of df, with its numbers of the root', () => {
    const root = [...mounts.generate(context())].findLast((row) => row['path'] === '/');
    const [, size] = execFileSync('df', ['--block-size=1', '--output=source,size', '/'], { encoding: 'utf8' }).trim().split('\n').at(-1)?.trim().split(/\s+/) ?? [];
    expect(String(BigInt(root?.['blocks'] as bigint) * BigInt(root?.['blocks_size'] as bigint))).toBe(size);
  });
});

describe('os_version', () => {
  test('of a Debian', () => {
    expect(parseOsRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n')).toEqual({ name: 'Debian GNU/Linux', major: '12', version: '12 (bookworm)', codename: 'bookworm', platform: 'debian' });
  });

  test('of an Ubuntu, with a code name of its own', () => {
    expect(parseOsRelease("NAME='Ubuntu'\nVERSION_ID=\"22.04\"\nID_LIKE=debian\nUBUNTU_CODENAME=jammy\nBUILD_ID=7\n")).toEqual({ name: 'Ubuntu', major: '22', minor: '04', platform_like: 'debian', codename: 'jammy', build: '7' });
  });

  test('of a CentOS by its older file', () => {
    expect(parseRelease('CentOS Linux release 7.9.2009 (Core)\n', 'rhel')).toEqual({ platform: 'rhel', platform_like: 'rhel', version: 'CentOS Linux release 7.9.2009 (Core)', build: '', name: 'CentOS Linux', major: '7', minor: '9', patch: '2009' });
  });

  test('of this host has its machine', () => {
    expect([...os_version.generate(context())]).toEqual([expect.objectContaining({ arch: machine(), pid_with_namespace: 0 })]);
  });
});

describe('system_info', () => {
  test('cores are counted by socket and core', () => {
    const processor = (id: number, socket: number, core: number): string => `processor\t: ${id}\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nmicrocode\t: 0x1\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
    expect(parseProcessors([processor(0, 0, 0), processor(1, 0, 0), processor(2, 1, 0)].join('\n'))).toEqual({ cpu_brand: 'AMD EPYC', cpu_subtype: '17', cpu_microcode: '0x1', cpu_logical_cores: 3, cpu_physical_cores: 2, cpu_sockets: 2 });
    expect(parseProcessors('processor\t: 0\nBogoMIPS\t: 50\n\nprocessor\t: 1\n\nHardware\t: x\n')).toMatchObject({ cpu_logical_cores: 2, cpu_physical_cores: 2, cpu_brand: '' });
  });

  test('the full name is the first of the host’s line', () => {
    expect(fullName('web', '127.0.0.1 localhost\n127.0.1.1 web.example.org web\n')).toBe('web.example.org');
    expect(fullName('web', '')).toBe('web');
  });

  test('of this host', () => {
    expect([...system_info.generate(context())]).toEqual([expect.objectContaining({ cpu_type: machine(), computer_name: execFileSync('uname', ['-n'], { encoding: 'utf8' }).trim() })]);
  });
});

test('what stands in a file’s place is not waited for, and it is said', () => {
  const fifo = `${temporaryDirectory()}/hosts`;
  execFileSync('mkfifo', [fifo]);
  const warnings: string[] = [];
  expect(readWhole(context({}, warnings), fifo)).toBeUndefined();
  expect(readWhole(context({}, warnings), '/nowhere', { mayBeAbsent: true })).toBeUndefined();
  expect(warnings).toEqual([`${fifo} is no regular file and is not read`]);
});

describe('a link within another root', () => {
  test.each([
    ['/etc/hosts', '/etc/hosts'],
    ['/absolute', '/etc/shadow'],
    ['/up', '/etc/shadow'],
    ['/folder/hosts', '/etc/hosts'],
    ['/nowhere/x', '/nowhere/x'],
  ])('%s is %s of that root', (path, target) => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/hosts'), '');
    symlinkSync('/etc/shadow', join(root, 'absolute'));
    symlinkSync('../../../../../../etc/shadow', join(root, 'up'));
    symlinkSync('./etc', join(root, 'folder'));
    expect(within(root, path)).toBe(root + target);
  });

  test('in a circle ends', () => {
    const root = temporaryDirectory();
    symlinkSync('loop', join(root, 'loop'));
    expect(within(root, '/loop')).toBe(`${root}/loop`);
  });

  test('pid_with_namespace reads the files of that process, and of none that is gone', () => {
    const addresses = (wanted: Record<string, string[]>): unknown[] => [...etc_hosts.generate(context(wanted))].map((row) => row['address']);
    expect(addresses({ pid_with_namespace: [String(process.pid)] })).toEqual(addresses({}));
    expect([...os_version.generate(context({ pid_with_namespace: ['4194305'] }))]).toEqual([]);
  });
});
