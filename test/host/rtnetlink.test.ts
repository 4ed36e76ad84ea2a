import { execFileSync, spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseAnswer, parseAttributes, parseInterfaceAddress, parseRoute, request } from '../../src/host/rtnetlink.ts';
import { interface_addresses } from '../../src/sql/tables/interface_addresses.ts';
import { rowOf, routes } from '../../src/sql/tables/routes.ts';
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
    const route = parseRoute(body(head(IPV4, 8, 1), attribute(1, address(10, 0, 0, 0)), attribute(5, address(192, 0, 2, 1)), attribute(7, address(192, 0, 2, 2)), attribute(4, word(3)), attribute(6, word(100)), attribute(8, Buffer.concat([attribute(2, word(1400)), attribute(10, word(64))]))));
    expect(rowOf(route, 'eth0')).toEqual({ destination: '10.0.0.0', netmask: 8, gateway: '192.0.2.1', source: '192.0.2.2', flags: 0, interface: 'eth0', mtu: 1400, metric: 100, type: 'gateway', hopcount: 64 });
  });

  test.each([[IPV4, '0.0.0.0'], [10, '::']])('without a destination of family %i leads everywhere', (family, destination) => {
    expect(rowOf(parseRoute(body(head(family, 0, 1))), undefined)).toMatchObject({ destination, netmask: 0, interface: undefined });
  });

  test.each([[2, 'local'], [3, 'broadcast'], [4, 'anycast'], [5, 'other'], [7, 'other']])('of type %i is called %s', (type, name) => {
    expect(rowOf(parseRoute(body(head(IPV4, 32, type), attribute(1, address(127, 0, 0, 1)))), 'lo')).toMatchObject({ type: name, netmask: 0 });
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
      () => ['-4', '-6'].flatMap((family) => (JSON.parse(execFileSync('ip', ['-json', family, 'route', 'show', 'table', 'all'], { encoding: 'utf8' }) || '[]') as { dst: string; gateway?: string; dev: string; metric?: number }[]).map(({ dst, gateway = '', dev, metric = 0 }) => [dst === 'default' ? (family === '-4' ? '0.0.0.0' : '::') : dst.replace(/\/.*/, ''), gateway, dev, metric | 0])),
    );
    expect(seen.ours).toEqual(seen.theirs);
  });
});
