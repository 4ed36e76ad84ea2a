import { describe, expect, test } from 'vitest';
import { distinctPeers, parsePeer, peerOfSsh, peerText } from '../../src/actions/peers.ts';

describe('peers', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1 (to port 22 here)'],
    ['192.0.2.1:2222', '192.0.2.1 (to port 2222 here)'],
    ['192.0.2.0/24', '192.0.2.0/24 (to port 22 here)'],
    ['192.0.2.0/24:443', '192.0.2.0/24 (to port 443 here)'],
    ['192.0.2.1:1', '192.0.2.1 (to port 1 here)'],
    ['192.0.2.1:65535', '192.0.2.1 (to port 65535 here)'],
    ['2001:db8::1', '2001:db8::1 (to port 22 here)'],
    ['[2001:DB8:0::1]:443', '2001:db8::1 (to port 443 here)'],
    ['[2001:db8::/32]:443', '2001:db8::/32 (to port 443 here)'],
    ['[fe80::1%eth0]', 'fe80::1 (to port 22 here)'],
    ['::ffff:192.0.2.1', '192.0.2.1 (to port 22 here)'],
  ])('%s is read', (text, peer) => {
    expect(peerText(parsePeer(text))).toBe(peer);
  });

  test.each(['', 'example.org', '192.0.2.1:0', '192.0.2.1:65536', '192.0.2.1 } ; flush ruleset', '192.0.2.1\nx', '192.0.2.1/24', '192.0.2.0/33', '[::1', '[192.0.2.1%eth0]'])('%j is refused', (text) => {
    expect(() => parsePeer(text)).toThrow(/is no management peer/);
  });

  test.each(['0.0.0.0/0', '::/0'])('%s is refused: it is everybody', (text) => {
    expect(() => parsePeer(text)).toThrow(/lets everybody through/);
  });

  test('the peer of an ssh session is its client at the port of the server', () => {
    const text = (connection: string | undefined): string | undefined => {
      const peer = peerOfSsh(connection);
      return peer && peerText(peer);
    };
    expect(text('192.0.2.7 50022 192.0.2.1 2222')).toBe('192.0.2.7 (to port 2222 here)');
    expect(text('fe80::7%eth0 50022 fe80::1%eth0 22')).toBe('fe80::7 (to port 22 here)');
    for (const other of ['nonsense', undefined, '192.0.2.7', '192.0.2.7 50022 192.0.2.1 ssh', 'UNKNOWN 65535 UNKNOWN 65535']) expect(text(other)).toBeUndefined();
  });

  test('one that a network holds already is left out, at the same port only', () => {
    const peers = ['192.0.2.7', '192.0.2.7:80', '192.0.2.0/24', '192.0.2.7'].map(parsePeer);
    expect(distinctPeers(peers).map(peerText)).toEqual(['192.0.2.7 (to port 80 here)', '192.0.2.0/24 (to port 22 here)']);
    expect(distinctPeers(['10.0.0.0/24', '10.0.0.0/16'].map(parsePeer)).map(peerText)).toEqual(['10.0.0.0/16 (to port 22 here)']);
    expect(distinctPeers(['192.0.2.7', '192.0.2.7'].map(parsePeer)).map(peerText)).toEqual(['192.0.2.7 (to port 22 here)']);
  });
});
