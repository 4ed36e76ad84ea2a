import { describe, expect, test } from 'vitest';
import { isWrapped } from '../../src/actions/ipsec.ts';
import { networkAround } from '../../src/actions/networks.ts';
import { parsePeer } from '../../src/actions/peers.ts';
import type { IpsecEnd, IpsecPolicy } from '../../src/host/xfrm.ts';

const end = (written: string, port = 0): IpsecEnd => {
  const [address = '', prefix] = written.split('/');
  return { address, prefix: Number(prefix), port, portMask: port === 0 ? 0 : 0xffff };
};
const OUT = 1;
const policy = (over: Partial<IpsecPolicy>): IpsecPolicy => ({ family: 4, source: end('0.0.0.0/0'), destination: end('0.0.0.0/0'), protocol: 0, device: 0, priority: 10, direction: OUT, wraps: true, ...over });
const TCP = 6;
const UDP = 17;

const wrapped = (policies: IpsecPolicy[], peer = '192.0.2.7:22', local = '198.51.100.1'): boolean => isWrapped(parsePeer(peer), networkAround(local, local.includes(':') ? 128 : 32), policies);

describe('a peer is wrapped', () => {
  test.each<[string, Partial<IpsecPolicy>]>([
    ['by a policy for all', {}],
    ['by one for its network, also where bits after the prefix are set', { destination: end('192.0.2.9/24') }],
    ['by one for our address and port', { source: end('198.51.100.1/32', 22), protocol: TCP }],
    ['by one for an interface that may be the one', { device: 3 }],
    ['by one for a port that may be the peer\'s', { destination: end('192.0.2.0/24', 4000) }],
  ])('%s', (_how, over) => expect(wrapped([policy(over)])).toBe(true));

  test.each<[string, Partial<IpsecPolicy>]>([
    ['what comes in', { direction: 0 }],
    ['another protocol', { protocol: UDP }],
    ['another address of ours', { source: end('198.51.100.2/32') }],
    ['another port of ours', { source: end('198.51.100.1/32', 443) }],
    ['another network', { destination: end('203.0.113.0/24') }],
    ['packets that are let pass', { wraps: false }],
    ['the other family', { family: 6, source: end('::/0'), destination: end('::/0') }],
  ])('not by a policy for %s', (_what, over) => expect(wrapped([policy(over)])).toBe(false));

  test('in IPv6', () => {
    const all = policy({ family: 6, source: end('::/0'), destination: end('2001:db8::/32') });
    expect(wrapped([all], '[2001:db8::7]:22', '2001:db8:1::1')).toBe(true);
    expect(wrapped([all], '[2001:db9::7]:22', '2001:db8:1::1')).toBe(false);
  });

  test('unless a policy of a lower number lets all of it pass', () => {
    const pass = (over: Partial<IpsecPolicy>): IpsecPolicy => policy({ priority: 1, wraps: false, ...over });
    expect(wrapped([policy({}), pass({ destination: end('192.0.2.0/24') })])).toBe(false);
    expect(wrapped([policy({}), pass({ destination: end('192.0.2.0/24'), priority: 11 })])).toBe(true);
    expect(wrapped([policy({}), pass({ destination: end('192.0.2.0/24', 4000) })])).toBe(true);
    expect(wrapped([policy({}), pass({ destination: end('192.0.2.0/24'), device: 3 })])).toBe(true);
    expect(wrapped([policy({}), pass({ destination: end('192.0.2.7/32') })], '192.0.2.0/24:22')).toBe(true);
  });

  test('where a part of the peers is', () => expect(wrapped([policy({ destination: end('192.0.2.7/32') })], '192.0.2.0/24:22')).toBe(true));
});
