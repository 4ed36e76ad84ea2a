import { expect, test } from 'vitest';
import { recordLines, tableLines } from '../../src/cli/table.ts';

test('columns are as wide as their widest cell, and nothing is behind the last', () => {
  expect(tableLines(['host', 'state', 'why'], [['web1', 'ok', ''], ['database', 'unreachable', null], ['b', 7, undefined]], { width: 200 })).toEqual([
    ' host       state         why',
    ' web1       ok',
    ' database   unreachable',
    ' b          7',
  ]);
});

test('wide columns are cut until all fit, narrow ones are not', () => {
  expect(tableLines(['name', 'command'], [['a', 'x'.repeat(50)], ['b', 'y'.repeat(25)]], { width: 40 })).toEqual([
    ' name   command',
    ` a      ${'x'.repeat(29)}…`,
    ` b      ${'y'.repeat(25)}`,
  ]);
  expect(Math.max(...tableLines(['a', 'b'], [['x'.repeat(90), 'y'.repeat(90)]], { width: 60 }).map(({ length }) => length))).toBeLessThanOrEqual(60);
});

test('what the next command takes is whole, and the others make room for it', () => {
  const id = '01a228ae2dec000138b85b4c-33b8f6cd';
  expect(tableLines(['path', 'id'], [['/etc/systemd/system/x.timer', id]], { width: 56, whole: ['id'] })).toEqual([` path${' '.repeat(13)}   id`, ` /etc/systemd/sys…   ${id}`]);
  expect(tableLines(['path', 'id'], [['/etc/systemd/system/x.timer', id]], { width: 20, whole: ['id'] })).toEqual(['  path /etc/systemd/…', `    id ${id}`]);
});

test('where cells side by side would say nothing each row is a record: an alert on 80 columns', () => {
  const columns = ['time', 'status', 'severity', 'rule', 'path', 'process', 'user', 'id'];
  const row = ['2026-11-30T20:22:56.736Z', 'open', 'low', 'Systemd Timer Created', '/etc/systemd/system/backup.timer', '', 'root', '01a22e1ff7db0002266599ec-33b8f6cd'];
  expect(tableLines(columns, [row, ['', 'closed']], { width: 80, whole: ['id'], emphasize: (text) => `*${text}*` })).toEqual([
    '  *time 2026-11-30T20:22:56.736Z*',
    '    status open · severity low · rule Systemd Timer Created',
    '    path /etc/systemd/system/backup.timer · user root',
    '    id 01a22e1ff7db0002266599ec-33b8f6cd',
    '  *time –*',
    '    status closed',
  ]);
  expect(tableLines(columns, [row], { width: 180, whole: ['id'] })).toHaveLength(2);
  expect(tableLines(['uid', 'name'], [[0, 'root']], { width: 10 })).toEqual([' uid   name', ' 0     root']);
});

test('without a terminal nothing is cut: who looks for a piece of a command finds it', () => {
  const command = `sh -c ${'x'.repeat(9000)} evil`;
  expect(tableLines(['pid', 'command', 'cwd'], [[1, 'init', '/'], [2, command, '/tmp']], {})).toEqual([
    ` pid   command${' '.repeat(73)}   cwd`,
    ` 1     init${' '.repeat(76)}   /`,
    ` 2     ${command}   /tmp`,
  ]);
  expect(recordLines(['command', 'cwd'], [[command, '/tmp']], {})).toEqual([`  ${command}`, '    cwd /tmp']);
});

test('a character that takes two columns of the terminal, or none, is counted so, and never cut in half', () => {
  expect(tableLines(['where', 'what'], [['主机', 'a'], ['e\u0301', 'b'], ['😀', 'c']], { width: 200 })).toEqual([' where   what', ' 主机    a', ' e\u0301       b', ' 😀      c']);
  expect(tableLines(['x'], [['主机名称'.repeat(4)]], { width: 14 })).toEqual([' x', ' 主机名称主…']);
});

test('what would move or hide something on a terminal is escaped', () => {
  expect(tableLines(['x'], [['a\u001b[2Jb\nc\u202e']], { width: 200 })).toEqual([' x', ' a\\e[2Jb\\nc\\u{202e}']);
});

test('as many rows as a large fleet has take their own time each and no more', () => {
  const rows = Array.from({ length: 200_000 }, (_, n) => [`host${n}`, 'ok', '']);
  const before = process.cpuUsage();
  expect(tableLines(['host', 'state', 'why'], rows, { width: 120 })).toHaveLength(200_001);
  // A second or so; by comparing all cells with all others it would be an hour.
  expect(process.cpuUsage(before).user).toBeLessThan(60_000_000);
});
