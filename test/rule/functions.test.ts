import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, parseAddress, parseNetwork } from '../../src/rule/cidr.ts';
import { compileEql } from '../../src/rule/evaluate.ts';
import { FUNCTIONS } from '../../src/rule/functions.ts';
import { parseEql } from '../../src/rule/parse.ts';

const matches = (condition: string, fields: object): boolean => compileEql(parseEql(`any where ${condition}`), `any where ${condition}`)(fields);

/** What the expression gives over {a: …}; every value is compared, null with null. */
function gives(expression: string, a: unknown, expected: string | number | boolean | null): boolean {
  return matches(`${expression} == ${JSON.stringify(expected)}`, { a });
}

describe('a function', () => {
  test.each<[string, unknown, string | number | boolean | null]>([
    ['length(a)', 'abc', 3], ['length(a)', '', 0], ['length(a)', '🕰', 2], ['length(a)', undefined, null], ['length(a)', 7, null], ['length(null)', 'x', null],
    ['startsWith(a, "Foo")', 'FooBar', true], ['startsWith(a, "foo")', 'FooBar', false], ['startsWith~(a, "foo")', 'FooBar', true], ['startsWith(a, "")', 'FooBar', true], ['startsWith(a, null)', 'x', null], ['startsWith("regsvr32.exe", a)', 'regsvr32', true],
    ['endsWith(a, "Baz")', 'FooBarBaz', true], ['endsWith(a, "baz")', 'FooBarBaz', false], ['endsWith~(a, "bAZ")', 'FooBarBaz', true], ['endsWith("", "")', 'x', true], ['endsWith(a, "x")', undefined, null],
    ['stringContains(a, "bar")', 'foobarbaz', true], ['stringContains(a, "Bar")', 'foobarbaz', false], ['stringContains~(a, "BAR")', 'foobarbaz', true], ['stringContains(a, "")', 'foobarbaz', false], ['stringContains("", "")', 'x', false],
    ['indexOf(a, ".")', 'subdomain.example.com', 9], ['indexOf(a, ".", 9)', 'subdomain.example.com', 9], ['indexOf(a, ".", 10)', 'subdomain.example.com', 17], ['indexOf(a, ".", -6)', 'subdomain.example.com', 9], ['indexOf(a, "", 9)', 'subdomain.example.com', 9], ['indexOf(a, "", -6)', 'subdomain.example.com', 0],
    ['indexOf(a, "z")', 'subdomain.example.com', null], ['indexOf(a, "D")', 'subdomain.example.com', null], ['indexOf~(a, "D")', 'subdomain.example.com', 3], ['indexOf(a, "", 30)', 'short', null], ['indexOf(a, "o", null)', 'foobarbaz', 1], ['indexOf("", "")', 'x', 0],
    ['substring(a, 0, 5)', 'hello world', 'hello'], ['substring(a, 6)', 'hello world', 'world'], ['substring(a, -5)', 'hello world', 'world'], ['substring(a, -5, -1)', 'hello world', 'worl'], ['substring(a, 5, -1)', 'hello world', ' worl'], ['substring(a, -60, 5)', 'hello world', 'hello'], ['substring(a, 0, 500)', 'hello world', 'hello world'], ['substring(a, null, 5)', 'hello world', 'hello'], ['substring(a, 9, 3)', 'hello world', ''], ['substring(a, 0, a)', 'hello', null],
    ['between(a, "welcome", "planet")', 'welcome to the planet', ' to the '], ['between(a, "welcome", "e", false)', 'welcome to the planet', ' to th'], ['between(a, "welcome", "e", true)', 'welcome to the planet', ' to the plan'], ['between(a, "welcome", "x")', 'welcome to the planet', null], ['between(a, "x", "planet")', 'welcome to the planet', null], ['between(a, "", "planet")', 'welcome to the planet', 'welcome to the '], ['between(a, "W", "P")', 'welcome to the planet', null], ['between~(a, "WELCOME ", " PLANET")', 'welcome To the planet', 'To the'], ['between(a, "", "")', '', ''], ['between(a, "b", "a", true)', 'ab', null], ['between(a, "a", null)', 'ab', null], ['between(a, null, "b")', 'ab', null],
    ['concat(a)', 'x', 'x'], ['concat(a, "::", 1, "::", true)', 'x', 'x::1::true'], ['concat(a, null)', 'x', null], ['concat(a, "x")', undefined, null],
    ['string(a)', 42, '42'], ['string(a)', 42.5, '42.5'], ['string(a)', true, 'true'], ['string(a)', undefined, null], ['string(cidrMatch(a, "10.6.48.157/8"))', '10.1.2.3', 'true'],
    ['wildcard(a, "F*o*o*")', 'Foo', true], ['wildcard(a, "F*o*o*")', 'foo', false], ['wildcard~(a, "F*o*o*")', 'foo', true], ['wildcard(a, "Bar*", "*oo")', 'Foo', true], ['wildcard(a, "Bar*")', undefined, null],
    ['match(a, "[a-z]{3}")', 'foo', true], ['match(a, "[a-z]{3}", "[9][9][9]")', '999', true], ['match(a, "[a-z]{2}")', 'foo', false], ['match(a, "[A-Z]{3}")', 'foo', false], ['match~(a, "[A-Z]{3}")', 'foo', true],
    ['cidrMatch(a, "192.168.0.0/16", "10.0.0.0/8")', '192.168.152.12', true], ['cidrMatch(a, "10.0.0.0/8", "10.128.0.0/9")', '192.168.152.12', false], ['cidrMatch(a, "10.0.0.0/8")', 'no address', null],
    ['STARTSWITH(a, "x")', 'xy', true], ['cidrmatch(a, "10.0.0.1")', '10.0.0.1', true],
  ])('%s over %j gives %j', (expression, a, expected) => {
    expect(gives(expression, a, expected)).toBe(true);
    expect(matches(`${expression} == null`, { a })).toBe(expected === null);
  });

  test('of an array is made for each element, of several arrays for every combination', () => {
    expect(matches('length(a) == 2 and length(a) == 3', { a: ['xy', 'xyz'] })).toBe(true);
    expect(matches('not length(a) == 4', { a: ['xy', 'xyz'] })).toBe(true);
    expect(matches('concat(a, "-", b) == "2-3"', { a: ['1', '2'], b: ['3', '4'] })).toBe(true);
    expect(matches('endsWith("evil.timer", a)', { a: ['.service', '.timer'] })).toBe(true);
  });

  test.each([
    ['length~(a) == 1', 'has no form with ~'], ['length(a, "b") == 1', 'takes 1 argument, not 2'], ['startsWith(a)', 'takes 2 arguments, not 1'], ['indexOf(a) == 1', 'takes 2 to 3 arguments'], ['concat() == "x"', 'takes 1 arguments or more'], ['startsWith(a, 5)', 'takes a string as argument 2, not 5'], ['between(a, "x", "y", "z") == "q"', 'takes a boolean as argument 4'], ['wildcard(a, "x", "y", 5)', 'wildcard takes a string as argument 4, not 5'],
    ['wildcard(a)', 'takes 2 arguments or more, not 1'], ['between(a, "x")', 'takes 3 to 4 arguments, not 2'], ['wildcard(a, b)', 'only values that are written out'], ['match(a, "(")', 'unfinished group'], ['cidrMatch(a, "10.0.0.0/33")', 'networks such as'], ['cidrMatch(a, 5)', 'takes a string'], ['cidrMatch(a, b)', 'only values that are written out'], ['hasOwnProperty(a)', 'there is no function hasOwnProperty'],
  ])('%s is refused: %s', (condition, text) => {
    expect(() => matches(condition, {})).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(text), place: expect.objectContaining({ line: 1 }) }));
  });

  test.each(FUNCTIONS.map((each) => [each.name, each] as const))('%s gives null for anything of another type', (_, { takes, least, compile }) => {
    fc.assert(fc.property(fc.constantFrom(true, 5, null, undefined, {}), (wrong) => {
      const apply = compile(false, ['10.0.0.0/8']);
      const given = takes.slice(0, least).map((type) => (type === 'value' ? undefined : wrong));
      expect(apply(given)).toBeUndefined();
    }));
  });
});

/** 128 bits as 0 and 1. */
const bits = fc.array(fc.constantFrom('0', '1'), { minLength: 128, maxLength: 128 }).map((each) => each.join(''));

function written(address: string): string {
  return (address.match(/.{16}/g) ?? []).map((group) => parseInt(group, 2).toString(16)).join(':');
}

function dotted(address: string): string {
  return (address.slice(96).match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)).join('.');
}

describe('a network', () => {
  test('holds the addresses that begin with the same bits', () => {
    fc.assert(fc.property(bits, bits, fc.nat(128), fc.nat(128), (network, other, length, shared) => {
      const address = network.slice(0, shared) + other.slice(shared);
      expect(contains(parseNetwork(`${written(network)}/${length}`)!, parseAddress(written(address))!)).toBe(network.slice(0, length) === address.slice(0, length));
    }));
  });

  test('of IPv4 too', () => {
    fc.assert(fc.property(bits, bits, fc.nat(32), fc.nat(32), (network, other, length, shared) => {
      const address = network.slice(0, 96 + shared) + other.slice(96 + shared);
      expect(contains(parseNetwork(`${dotted(network)}/${length}`)!, parseAddress(dotted(address))!)).toBe(network.slice(96, 96 + length) === address.slice(96, 96 + length));
    }));
  });

  test.each([
    ['10.0.0.0/8', '::ffff:10.9.8.7', true], ['::ffff:0:0/96', '10.9.8.7', true], ['::/0', '10.9.8.7', true], ['0.0.0.0/0', '2001:db8::1', false], ['fe80::/10', 'fe80::1', true], ['fe80::/10', 'FEBF:FFFF::', true], ['::1', '::1', true], ['::1', '0:0:0:0:0:0:0:1', true], ['2001:db8::/32', '2001:db9::', false], ['::', '::', true], ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', true], ['::ffff:10.0.0.0/104', '10.9.8.7', true],
  ])('%s and %s: %s', (network, address, result) => {
    expect(contains(parseNetwork(network)!, parseAddress(address)!)).toBe(result);
  });

  test.each(['', '/', '10.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/+8', '010.0.0.1', '256.0.0.1', '::/129', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:1.2.3.4', '1.2.3.4::', '12345::', 'fe80::1%eth0', '::g', 'x'.repeat(1_000_000)])('that is %j is none', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });
});
