import { expect, test } from 'vitest';
import { tableLines } from '../../src/cli/table.ts';

test('columns are as wide as their widest cell, and nothing is behind the last', () => {
  expect(tableLines(['host', 'state', 'why'], [['web1', 'ok', ''], ['database', 'unreachable', null], ['b', 7, undefined]], 200)).toEqual([
    ' host       state         why',
    ' web1       ok',
    ' database   unreachable',
    ' b          7',
  ]);
});

test('wide columns are cut until all fit, narrow ones are not', () => {
  expect(tableLines(['name', 'command'], [['a', 'x'.repeat(50)], ['b', 'y'.repeat(25)]], 40)).toEqual([
    ' name   command',
    ` a      ${'x'.repeat(29)}…`,
    ` b      ${'y'.repeat(25)}`,
  ]);
  expect(Math.max(...tableLines(['a', 'b'], [['x'.repeat(90), 'y'.repeat(90)]], 60).map(({ length }) => length))).toBeLessThanOrEqual(60);
});

test('what the next command takes is whole, and the others make room for it', () => {
  const id = '01a228ae2dec000138b85b4c-33b8f6cd';
  expect(tableLines(['path', 'id'], [['/etc/systemd/system/x.timer', id]], 50, ['id'])).toEqual([' path          id', ` /etc/syste…   ${id}`]);
  expect(tableLines(['path', 'id'], [['/etc/systemd/system/x.timer', id]], 20, ['id'])[1]).toBe(` /etc/sy…   ${id}`);
});

test('a character that takes two columns of the terminal, or none, is counted so, and never cut in half', () => {
  expect(tableLines(['where', 'what'], [['主机', 'a'], ['e\u0301', 'b'], ['😀', 'c']], 200)).toEqual([' where   what', ' 主机    a', ' e\u0301       b', ' 😀      c']);
  expect(tableLines(['x'], [['主机名称'.repeat(4)]], 14)).toEqual([' x', ' 主机名称主…']);
});

test('what would move or hide something on a terminal is escaped', () => {
  expect(tableLines(['x'], [['a\u001b[2Jb\nc\u202e']], 200)).toEqual([' x', ' a\\e[2Jb\\nc\\u{202e}']);
});

test('as many rows as a large fleet has take their own time each and no more', () => {
  const rows = Array.from({ length: 200_000 }, (_, n) => [`host${n}`, 'ok', '']);
  const before = process.cpuUsage();
  expect(tableLines(['host', 'state', 'why'], rows, 120)).toHaveLength(200_001);
  // A second or so; by comparing all cells with all others it would be an hour.
  expect(process.cpuUsage(before).user).toBeLessThan(60_000_000);
});
