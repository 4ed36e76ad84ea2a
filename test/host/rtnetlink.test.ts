import { execFileSync, spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseAnswer, parseAttributes, request } from '../../src/host/netlink-messages.ts';
import { parseInterfaceAddress, parseRoutes } from '../../src/host/rtnetlink.ts';
import { interface_addresses } from '../../src/sql/tables/interface_addresses.ts';
import { rowOf, routes } from '../../src/sql/tables/routes.ts';
import { isRoot } from '../helpers/needs.ts';
import { context } from '../helpers/table.ts';

const attribute = (type: number, value: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + value.length, 0);
  head.writeUInt16LE(type, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
};
const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const address = (...bytes: number[]): Buffer => Buffer.from(bytes);
const body = (head: number[], ...attributes: Buffer[]): Buffer => Buffer.concat([Buffer.from(head), ...attributes]);

describe('a route', () => {
  const IPV4 = 2;
  // family, destination bits, source bits, tos, table, protocol, scope, type, four bytes of flags
  const head = (family: number, bits: number, type: number): number[] => [family, bits, 0, 0, 254, 3, 0, type, 0, 0, 0, 0];

  test('has its gateway, source, metric, and of its metrics the MTU and hop limit', () => {
    const [route] = parseRoutes(body(head(IPV4, 8, 1), attribute(1, address(10, 0, 0, 0)), attribute(5, address(192, 0, 2, 1)), attribute(7, address(192, 0, 2, 2)), attribute(4, word(3)), attribute(6, word(100)), attribute(8, Buffer.concat([attribute(2, word(1400)), attribute(10, word(64))]))));
    expect(route && rowOf(route, 'eth0')).toEqual({ destination: '10.0.0.0', netmask: 8, gateway: '192.0.2.1', source: '192.0.2.2', flags: 0, interface: 'eth0', mtu: 1400, metric: 100, type: 'gateway', hopcount: 64 });
  });

  test.each([[IPV4, '0.0.0.0'], [10, '::']])('without a destination of family %i leads everywhere', (family, destination) => {
    expect(parseRoutes(body(head(family, 0, 1))).map((route) => rowOf(route, undefined))).toMatchObject([{ destination, netmask: 0, interface: undefined }]);
  });

  test.each([[2, 'local'], [3, 'broadcast'], [4, 'anycast'], [5, 'other'], [7, 'other']])('of type %i is called %s', (type, name) => {
    expect(parseRoutes(body(head(IPV4, 32, type), attribute(1, address(127, 0, 0, 1)))).map((route) => rowOf(route, 'lo'))).toMatchObject([{ type: name, netmask: 0 }]);
  });
});

describe('an address', () => {
  const head = (family: number, bits: number): number[] => [family, bits, 0x80, 0, 2, 0, 0, 0];

  test('of a link with broadcasts', () => {
    expect(parseInterfaceAddress(body(head(2, 24), attribute(1, address(192, 0, 2, 2)), attribute(2, address(192, 0, 2, 2)), attribute(4, address(192, 0, 2, 255))))).toEqual({ index: 2, address: '192.0.2.2', mask: '255.255.255.0', destination: '192.0.2.255', linkLocal: false });
  });

  test('of a link with another end', () => {
    expect(parseInterfaceAddress(body(head(2, 32), attribute(1, address(10, 8, 0, 1)), attribute(2, address(10, 8, 0, 6))))).toMatchObject({ address: '10.8.0.6', destination: '10.8.0.1' });
  });

  test('of one link only', () => {
    expect(parseInterfaceAddress(body(head(10, 64), attribute(1, Buffer.from('fe8000000000000000fc00fffe000001', 'hex'))))).toMatchObject({ address: 'fe80::fc:ff:fe00:1', destination: '', linkLocal: true });
  });

  test('of another family is left out', () => {
    expect(parseInterfaceAddress(body(head(6, 8), attribute(1, Buffer.alloc(8))))).toBeUndefined();
  });
});

test('a datagram ends at what is cut off, at DONE, and at an error with its errno', () => {
  const message = (type: number, content: Buffer): Buffer => {
    const header = Buffer.alloc(16);
    header.writeUInt32LE(16 + content.length, 0);
    header.writeUInt16LE(type, 4);
    return Buffer.concat([header, content]);
  };
  expect(parseAnswer(Buffer.concat([message(24, word(1)), message(20, word(2)), message(24, word(3))]), 'route')).toEqual({ bodies: [word(1), word(3)], done: false });
  expect(parseAnswer(message(24, word(1)).subarray(0, 18), 'route')).toEqual({ bodies: [], done: false });
  expect(parseAnswer(message(3, word(0)), 'route').done).toBe(true);
  expect(parseAnswer(message(2, word(-1)), 'route')).toMatchObject({ done: true, errno: 1 });
  expect([...parseAttributes(Buffer.from([2, 0, 1, 0]))]).toEqual([]);
  expect(request('route').readUInt32LE(0)).toBe(28);
});

/** A network of its own, with links of its own, in which a program runs; the kernel takes it away with the program. */
const NEW = isRoot ? ['--net'] : ['--net', '--user', '--map-root-user'];
const noNetwork = spawnSync('unshare', [...NEW, 'ip', 'link', 'add', 'a0', 'type', 'veth', 'peer', 'name', 'a1']).status === 0 ? undefined : 'needs a network namespace with ip: apt-get install util-linux iproute2, and root where users may not make one';

const SETUP = `
set -e
ip link set lo up
ip link add a0 type veth peer name a1
ip link set a1 up
ip link set a0 up
ip address add 10.9.0.1/24 brd + dev a0
ip address add 10.9.1.1/32 dev a0
ip address add 10.8.0.6 peer 10.8.0.1 dev a0
ip route add 172.16.0.0/12 mtu 1300 hoplimit 7 via 10.9.0.2 metric 50
ip route add 172.31.0.0/16 nexthop via 10.9.0.2 dev a0 nexthop via 10.9.0.3 dev a0
ip route add unreachable 192.168.77.0/24
ip route add 10.99.0.0/24 dev a0 table 100
ip neighbour add 10.9.0.9 lladdr 02:00:00:00:00:09 dev a0 nud permanent
exec "$@"
`;
const TABLES = new URL('../../src/sql/tables/', import.meta.url).pathname;
const PRINT = `
const context = { constraints: () => [], uses: () => true, checkpoint() {}, warn(message) { throw new Error(message); } };
const rows = {};
for (const name of ['interface_addresses', 'routes', 'arp_cache']) rows[name] = [...(await import(${JSON.stringify(TABLES)} + name + '.ts'))[name].generate(context)];
console.log(JSON.stringify(rows));
`;

test.skipIf(noNetwork !== undefined)(`a network of known addresses, routes and neighbours is told as it is${noNetwork === undefined ? '' : ` — ${noNetwork}`}`, () => {
  const { status, stdout, stderr } = spawnSync('unshare', [...NEW, 'sh', '-c', SETUP, 'sh', process.execPath, '--input-type=module', '-e', PRINT], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const told = JSON.parse(stdout) as Record<string, Record<string, unknown>[]>;
  const four = (name: string, column: string): Record<string, unknown>[] => (told[name] ?? []).filter((row) => !String(row[column]).includes(':'));
  // As getifaddrs(3) says it of the same network.
  expect(four('interface_addresses', 'address').map((row) => [row['interface'], row['address'], row['mask'], row['broadcast'], row['point_to_point']])).toEqual([
    ['lo', '127.0.0.1', '255.0.0.0', undefined, '127.0.0.1'], ['a0', '10.9.0.1', '255.255.255.0', '10.9.0.255', undefined], ['a0', '10.9.1.1', '255.255.255.255', '10.9.1.1', undefined], ['a0', '10.8.0.6', '255.255.255.255', '10.8.0.1', undefined],
  ]);
  const known = new Set(['172.16.0.0', '172.31.0.0', '192.168.77.0', '10.99.0.0', '10.8.0.1']);
  expect(four('routes', 'destination').filter((row) => known.has(String(row['destination']))).map((row) => [row['destination'], row['netmask'], row['gateway'], row['interface'], row['mtu'], row['metric'], row['hopcount'], row['type']]).sort()).toEqual([
    ['10.8.0.1', 0, '', 'a0', 0, 0, 0, 'gateway'], ['10.99.0.0', 24, '', 'a0', 0, 0, 0, 'gateway'], ['172.16.0.0', 12, '10.9.0.2', 'a0', 1300, 50, 7, 'gateway'],
    ['172.31.0.0', 16, '10.9.0.2', 'a0', 0, 0, 0, 'gateway'], ['172.31.0.0', 16, '10.9.0.3', 'a0', 0, 0, 0, 'gateway'], ['192.168.77.0', 24, '', undefined, 0, 0, 0, 'other'],
  ]);
  expect(told['arp_cache']).toContainEqual({ address: '10.9.0.9', mac: '02:00:00:00:00:09', interface: 'a0', permanent: '1' });
});

const noIp = spawnSync('ip', ['-V']).status === 0 ? undefined : 'needs ip: apt-get install iproute2';

/** What two programs see, sorted. A host may change between the two, so they look again until they agree, and at last as they do. */
function both(ours: () => unknown[], theirs: () => unknown[]): { ours: string[]; theirs: string[] } {
  const sorted = (list: unknown[]): string[] => list.map((each) => JSON.stringify(each)).sort();
  for (let tries = 0; ; tries += 1) {
    const seen = { ours: sorted(ours()), theirs: sorted(theirs()) };
    if (tries === 20 || JSON.stringify(seen.ours) === JSON.stringify(seen.theirs)) return seen;
  }
}

describe('this host', () => {
  test('has the addresses that Node knows of links that are up', () => {
    const ours = [...interface_addresses.generate(context())].map((row) => `${row['interface']} ${String(row['address']).replace(/%.*/, '')} ${row['mask']}`);
    expect(ours).toEqual(expect.arrayContaining(Object.entries(networkInterfaces()).flatMap(([name, addresses]) => (addresses ?? []).map(({ address: text, netmask }) => `${name} ${text} ${netmask}`))));
  });

  test.skipIf(noIp !== undefined)(`has the routes that ip shows${noIp === undefined ? '' : ` — ${noIp}`}`, () => {
    const seen = both(
      () => [...routes.generate(context())].map(({ destination, gateway, interface: name, metric }) => [destination, gateway, name, metric]),
      () => ['-4', '-6'].flatMap((family) => (JSON.parse(execFileSync('ip', ['-json', family, 'route', 'show', 'table', 'all'], { encoding: 'utf8' }) || '[]') as { dst: string; gateway?: string; dev: string; metric?: number; nexthops?: { gateway?: string | undefined; dev: string }[] }[]).flatMap(({ dst, gateway, dev, metric = 0, nexthops = [{ gateway, dev }] }) => nexthops.map((hop) => [dst === 'default' ? (family === '-4' ? '0.0.0.0' : '::') : dst.replace(/\/.*/, ''), hop.gateway ?? '', hop.dev, metric | 0]))),
    );
    expect(seen.ours).toEqual(seen.theirs);
  });
});
