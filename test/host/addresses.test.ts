import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, maskOf, parseAddress } from '../../src/host/addresses.ts';

// As inet_ntop(3) of glibc writes them.
describe.each([
  ['192.0.2.1', 'c0000201'],
  ['::', '0'.repeat(32)],
  ['::1', `${'0'.repeat(31)}1`],
  ['fe80::fc:ff:fe00:1', 'fe8000000000000000fc00fffe000001'],
  ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ['2001:db8::1:0:0:1', '20010db8000000000001000000000001'],
  ['1::', `0001${'0'.repeat(28)}`],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['::192.0.2.1', '000000000000000000000000c0000201'],
])('%s', (text, hex) => {
  test('is read', () => expect(parseAddress(text)?.toString('hex')).toBe(hex));
  test('is written', () => expect(formatAddress(Buffer.from(hex, 'hex'))).toBe(text));
});

test.each(['', '1.2.3', '01.2.3.4', '1.2.3.256', ':::', '1::2::3', 'fe80::1%eth0', ' 1.2.3.4', '1.2.3.4\0', '12345::'])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test('every address is read back from how it is written', () => {
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.array(fc.constantFrom(0, 0, 1), { minLength: 16, maxLength: 16 })), (bytes) => {
    expect(parseAddress(formatAddress(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
  }));
});

test.each([[0, 4, '0.0.0.0'], [8, 4, '255.0.0.0'], [23, 4, '255.255.254.0'], [32, 4, '255.255.255.255'], [64, 16, 'ffff:ffff:ffff:ffff::'], [121, 16, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff80']] as const)('the mask of /%i of %i bytes is %s', (prefix, size, text) => {
  expect(formatAddress(maskOf(prefix, size))).toBe(text);
});
