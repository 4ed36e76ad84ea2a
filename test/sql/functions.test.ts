/** The functions that osquery adds to SQLite: values and error texts of osquery's own documentation, tests and source. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayTakeLong } from '../../src/sql/embedded/regex-functions.ts';
import { createEmbedded, type Embedded } from '../../src/sql/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';

let engine: Embedded;
beforeAll(async () => {
  engine = await createEmbedded();
});
afterAll(() => engine.close());
const valueOf = async (expression: string): Promise<string | undefined> => (await engine.query(`SELECT ${expression} AS v`)).rows[0]?.['v'];

test.each([
  ['sqrt(16)', '4.0'], ["sqrt('16 apples')", '4.0'], ['sqrt(NULL)', ''], ['log(107372805120)', '25.3995727757846'], ['log10(1000)', '3.0'], ['exp(0)', '1.0'], ['power(2, 10)', '1024.0'], ['power(NULL, 1)', ''], ['pi()', '3.14159265358979'],
  ['sin(30)', '-0.988031624092862'], ['cos(30)', '0.154251449887584'], ['tan(30)', '-6.40533119664628'], ['cot(30)', '-0.156119952161659'], ['asin(.5)', '0.523598775598299'], ['acos(.5)', '1.0471975511966'], ['atan(.5)', '0.463647609000806'], ['radians(60)', '1.0471975511966'], ['degrees(1.3)', '74.484513367007'],
  ['ceil(1.2)', '2'], ['floor(-1.2)', '-2'], ['ceil(7)', '7'], ['ceil(9007199254740993)', '9007199254740993'], ["floor('2.9')", '2'], ['ceil(NULL)', ''], ['typeof(ceil(1.2)) || typeof(sqrt(4))', 'integerreal'],
])('%s is %s', async (expression, value) => {
  expect(await valueOf(expression)).toBe(value);
});

test.each([
  ["split('192.168.0.1', '.', 1)", '168'], ["split('/foo/bar', '/', 0)", 'foo'], ["split(' a , b ', ',', 1)", 'b'], ["split('a]b-c', ']-', 2)", 'c'], ["split('a', ',', 1)", ''], ["split(NULL, ',', 0)", ''], ['split(500, 1, 0)', '500'],
  ["regex_split('/foo/bar', '/', 0)", ''], ["regex_split('/foo/bar', '/', 2)", 'bar'], ["regex_split('/foo/bar', '/', 3)", ''], ["regex_split('foo;bar//qux', '(;|/)+', 2)", 'qux'], ["regex_split('/filesystem/path/download.extension.zip', '(.*/)|(.extension.zip)', 1)", 'download'], ["regex_split('foo/bar', '|', 0)", ''],
  ["regex_match('hello world. Goodbye', '(\\w+) \\w+', 0)", 'hello world'], ["regex_match('hello world. Goodbye', '(\\w+) \\w+', 1)", 'hello'], ["regex_match('a', '(b)?a', 1)", ''], ["regex_match('a', 'a', 1) IS NULL", '1'], ["regex_match('a', 'b', 0) IS NULL", '1'],
  ['concat()', ''], ["concat('hello', NULL, 'world')", 'helloworld'], ["concat(1, 2, 3, 'go')", '123go'], ['concat_ws(NULL)', ''], ["concat_ws(', ', 'hello', 'world', 1)", 'hello, world, 1'], ["concat_ws(NULL, 'a', 'b')", 'ab'], ["concat_ws(' ', 'hello', NULL, 'world')", 'hello world'], ["concat_ws('x', '', '')", 'x'], ["concat_ws('-', 'a', NULL)", 'a-'],
  ["to_base64('CPU0')", 'Q1BVMA=='], ["from_base64('Q1BV\nMA==')", 'CPU0'], ["from_base64('no base64!')", ''], ["from_base64('/w==')", '\\xff'], ["conditional_to_base64('CPU0')", 'CPU0'], ["conditional_to_base64('é')", 'w6k='], ['to_base64(NULL)', ''],
  ["md5('a')", '0cc175b9c0f1b6a831c399e269772661'], ["sha256('')", 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'], ["sha1(CAST('a' AS BLOB))", '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'], ['sha1(NULL)', ''],
  ["parent_directory('/a/b/c.timer')", '/a/b'], ["parent_directory('c.timer') IS NULL", '1'],
])('%s is %j', async (expression, value) => {
  expect(await valueOf(expression)).toBe(value);
});

test.each([
  ["inet_aton('1.0.1.5')", '16777477'], ["inet_aton('255.255.255.255')", '4294967295'], ["inet_aton('1.2.3')", ''], ["inet_aton('01.2.3.4')", ''], ["inet_aton('::1')", ''], ['inet_aton(NULL)', ''],
  ["in_cidr_block('10.0.0.0/26', '10.0.0.24')", '1'], ["in_cidr_block('10.0.0.0/26', '10.0.0.64')", '0'], ["in_cidr_block('10.0.0.0/26', '10.0.0.0')", '0'], ["in_cidr_block('10.0.0.7/32', '10.0.0.7')", '1'], ["in_cidr_block('0.0.0.0/0', '8.8.8.8')", '1'], ["in_cidr_block('2001:db8::/48', '2001:db8:0:ffff:ffff:ffff:ffff:ffff')", '1'], ["in_cidr_block('2001:db8::/48', '2001:db8:1::')", '0'],
  ["community_id_v1('66.35.250.204', '128.232.110.120', 80, 34855, 6)", '1:LQU9qZlK+B5F3KDmev6m5PMibrg='], ["community_id_v1('128.232.110.120', '66.35.250.204', 34855, 80, 6, 1)", '1:3V71V58M3Ksw/yuFALMcW0LAHvc='], ["community_id_v1('127.0.0.1', 'fe80::14b0:de4a:f8e8:522f', 64, 10, 6)", '1:Jww+Ua4pSUNl9TvSUwvSHL4n93w='], ["community_id_v1_strict('192.168.170.56', '192.168.170.8', 80, 7, 132, 1)", '1:Y1/0jQg6e+I3ZwZZ9LP65DNbTXU='], ["community_id_v1('192.168.1.52', 'foo', 10, 53, 17)", ''],
])('of addresses %s is %s', async (expression, value) => {
  expect(await valueOf(expression)).toBe(value);
});

test.each([
  ["split('a', '', 0)", 'Invalid input to split function'], ["regex_split('a', '', 0)", 'Invalid input to split function'], ["regex_split('foo/bar', '(/', 0)", 'Invalid regex'], ["regex_match('a', '+', 0)", 'Invalid regex'], [`regex_match('a', '${'|'.repeat(257)}', 0)`, 'Invalid regex: too big, max size is 256 bytes'], ['concat_ws()', 'Missing separator to concat_ws'],
  ['sqrt(-1)', 'Numerical argument out of domain'], ['acos(2)', 'Numerical argument out of domain'], ['log(0)', 'Numerical result out of range'], ['power(10, 1000)', 'Numerical result out of range'],
  ["in_cidr_block(1, '1.2.3.4')", 'CIDR must be a string'], ["in_cidr_block('10.0.0.0/8', 1)", 'IP address must be a string'], ["in_cidr_block('10.0.0.0/8', 'x')", 'IP address cannot be parsed'], ["in_cidr_block('10.0.0.0/33', '1.2.3.4')", 'CIDR for IP address v4 cannot be parsed'], ["in_cidr_block('10.0.0.0/8', '::1')", 'CIDR for IP address v6 cannot be parsed'],
  ["community_id_v1_strict('192.168.1.52', 'foo', 10, 53, 17)", 'Community ID daddr cannot be parsed as IP'], ["community_id_v1_strict('1.2.3.4', '1.2.3.4', 10, 53, 17, 100000000)", 'Community ID seed must fit in 2 bytes'], ["community_id_v1_strict('1.2.3.4', '1.2.3.4', '10', 53, 17)", 'Community ID ports must be integers'], ["community_id_v1_strict('1.2.3.4', '1.2.3.4', 65536, 53, 17)", 'Community ID ports must fit in 2 bytes'],
  ['parent_directory(1)', 'Invalid inputs to parent_directory, TEXT was expected'], ['find_file_path_in_cmd(NULL)', 'Invalid inputs to find_binary_path_from_cmd'], ['version_compare(1, 2)', 'Must provide two version strings to compare.'],
])('%s fails with %s', async (expression, message) => {
  await expect(engine.query(`SELECT ${expression}`)).rejects.toMatchObject({ code: 'QUERY', message });
});

describe('versions', () => {
  test.each([
    ["'1.0', '1.0'", '0'], ["'1:2.0-10', '1:2.0-10', 'DPKG'", '0'], ["'4:1.1.0', '4:1.1.0-3', 'arCH'", '0'], ["'50.4.1b', '50.4.1c'", '-1'], ["'1.0.8-4', '1.0.8-6', 'arch'", '-1'], ["'1.0.0~rc2^2021', '1.0.0', 'RHEL'", '-1'], ["'1.1.0~BETA2^1', '1.1.0~CR1', 'RhEl'", '-1'], ["'1.0.1.1', '1.0.1^2021', 'rhel'", '1'], ["'1.9.9-1ubuntu2.4', '1.9.9-1ubuntu2.3', 'dpkg'", '1'], ["'1:1.2.13-2', '4.2.1', 'ARCH'", '1'], ["'106.32.1', '106:32.1'", '0'], ["'1.10', '1.9'", '1'], ["'', '1'", '-1'],
    ["'1.9', '<', '1.10'", '1'], ["'1.9', '>=', '1.10'", '0'],
  ])('version_compare(%s) is %s', async (given, value) => {
    expect(await valueOf(`version_compare(${given})`)).toBe(value);
  });

  test.each([
    ["'1:0.0' = '1.0.0' COLLATE version"], ["'1.1' < '1.a' COLLATE version"], ["'1.0.0' < '1.0.0-2' COLLATE version"], ["'1.12.1' < '1.13' COLLATE version"], ["'190.10a' > '20.10a' COLLATE version"], ["'20.10a' > '20.102' COLLATE version"], ["'57:4' > '6.87.5' COLLATE version"], ["'8.11' > '8.10.24' COLLATE VERSION"], ["'1.2' > '1.1.5' COLLATE version"],
    ["'1.0' = '1.0-4' COLLATE version_arch"], ["'1.6.1-9' < '1.6.1-10' COLLATE version_arch"], ["'2-2pre' < '2-2rc' COLLATE version_arch"], ["'41.1-2' < '43alpha+r8+g1de47dbc-1' COLLATE version_arch"], ["'6.0.12.arch1-1' > '5.18.14.arch1-1' COLLATE version_arch"], ["'0.23.90-1' > '0.23.1-9' COLLATE version_arch"],
    ["'2.38-4ubuntu2.1' < '2.38-4ubuntu2.2' COLLATE version_dpkg"], ["'2.5.13+dfsg-0ubuntu0.22.04.1' < '2.5.14+dfsg-0ubuntu0.22.04.2' COLLATE version_dpkg"], ["'3.0.2-0ubuntu1.10' > '3.0.2-0ubuntu1.8' COLLATE version_dpkg"],
    ["'1.0.1' < '1.0.1^2021' COLLATE version_rhel"], ["'1.0.1^2021' < '1.0.1.security1' COLLATE version_rhel"], ["'1.0.1' < 'pkg-1.0.1.security1' COLLATE version_rhel"], ["'1.1.0.2021.SP1' < '1.1.0.2021.SP1_CP1' COLLATE version_rhel"], ["'9.11.4-26.P2.el7_9.10' < '32:9.11.4-26.P2.el7_9.13' COLLATE version_rhel"], ["'1.1.0.20201001.GA1' > '1.1.0~CR1' COLLATE version_rhel"],
  ])('%s', async (comparison) => {
    expect(await valueOf(comparison)).toBe('1');
  });

  test('the columns of versions are compared so without being asked to', async () => {
    expect((await engine.query("SELECT count(*) AS n FROM kernel_info WHERE version > '1.0' AND version < '100.0'")).rows).toEqual([{ n: '1' }]);
  });
});

test('the program of a command line is found by looking for the file', async () => {
  const folder = temporaryDirectory();
  for (const name of ['a', 'a b']) writeFileSync(join(folder, name), '');
  const command = `${folder}/a b c`;
  expect(await valueOf(`find_file_path_in_cmd('${command}')`)).toBe(`${folder}/a`);
  expect(await valueOf(`find_file_path_in_cmd('"${folder}/a b" c', 1)`)).toBe(`${folder}/a b`);
  expect(await valueOf(`is_path_deterministic('${command}')`)).toBe('0');
  expect(await valueOf(`is_path_deterministic('${folder}/a x')`)).toBe('1');
  expect(await valueOf("find_file_path_in_cmd('/nowhere at all')")).toBe('');
});

describe('a pattern that would try for ever', () => {
  test.each([["'^(0+)+$'", "printf('%040d', 0) || '1'"], ["'(0|00|000)+1'", "printf('%060d', 0)"], ["'.*.*.*.*.*.*x'", "printf('%05000d', 0)"]])('%s stops at the deadline and the engine works on', async (pattern, subject) => {
    await expect(engine.query(`SELECT regex_match(${subject}, ${pattern}, 0)`, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await valueOf('1')).toBe('1');
  });

  test('is told from those of guides, which need no watching', () => {
    expect([['(\\w+)-(\\d+)', 60], ['^/home/([^/]+)/', 200], ['https?://([^/]+)', 200], ['[*+?|{]{1}', 10]].map(([pattern, length]) => mayTakeLong(String(pattern), Number(length)))).toEqual([false, false, false, false]);
    expect([['(a+)+', 10], ['.*.*.*', 1000], ['(x){9}', 5]].map(([pattern, length]) => mayTakeLong(String(pattern), Number(length)))).toEqual([true, true, true]);
  });
});
