import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, openSync, closeSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { statOf } from '../../src/host/proc.ts';
import { createEmbedded, type Embedded } from '../../src/sql/index.ts';
import { parseEnvironment } from '../../src/sql/tables/process_envs.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

const noPs = spawnSync('ps', ['-V']).status === 0 ? undefined : 'needs ps: apt-get install procps';
const noIpv6 = Object.values(networkInterfaces()).flat().some((each) => each?.address === '::1') ? undefined : 'needs IPv6 on the loopback link';

let engine: Embedded;
beforeAll(async () => {
  engine = await createEmbedded();
});
afterAll(() => engine.close());
const rows = async (sql: string): Promise<Record<string, string>[]> => (await engine.query(sql)).rows;

/** A process of ours that has become the program and waits in it (before that it has no arguments yet); ended with the test. */
async function started(program: string, argv: readonly string[], options: { argv0?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<ChildProcess & { pid: number }> {
  const child = spawn(program, argv, { stdio: ['pipe', 'ignore', 'ignore'], ...options });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await once(child, 'spawn');
  await until(() => statOf(child.pid ?? 0)?.state === 'S', () => `the start of ${program}`);
  return child as unknown as ChildProcess & { pid: number };
}

describe('processes', () => {
  test('a program that was deleted, one that is really called so, and one that is there', async () => {
    const folder = temporaryDirectory();
    const paths = ['gone', 'odd (deleted)', 'there'].map((name) => join(folder, name));
    for (const path of paths) copyFileSync('/usr/bin/sleep', path);
    const children = await Promise.all(paths.map((path) => started(path, ['1000'])));
    unlinkSync(join(folder, 'gone'));
    expect(await Promise.all(children.map(async ({ pid }) => rows(`SELECT path, on_disk FROM processes WHERE pid = ${pid}`)))).toEqual([
      [{ path: join(folder, 'gone'), on_disk: '0' }], [{ path: join(folder, 'odd (deleted)'), on_disk: '1' }], [{ path: join(folder, 'there'), on_disk: '1' }],
    ]);
  });

  test('a deleted program does not pass for another file with the kernel’s mark in its name', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'x');
    copyFileSync('/usr/bin/sleep', path);
    const { pid } = await started(path, ['1000']);
    renameSync(path, join(folder, 'moved'));
    unlinkSync(join(folder, 'moved'));
    writeFileSync(join(folder, 'moved (deleted)'), 'decoy');
    expect(await rows(`SELECT path, on_disk FROM processes WHERE pid = ${pid}`)).toEqual([{ path: join(folder, 'moved'), on_disk: '0' }]);
  });

  test('names, arguments and folders with line breaks, blanks and bytes that are no UTF-8', async () => {
    const folder = temporaryDirectory();
    const program = join(folder, 'a\\b\nc');
    copyFileSync('/usr/bin/cat', program);
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/w`), Buffer.of(0xff)]));
    // Node starts nothing in a folder of such a name: a shell does.
    const { pid } = await started('/bin/sh', ['-c', 'cd "$1"/w* && exec "$2" - " x  y "', 'sh', folder, program]);
    await until(() => statOf(pid)?.comm.startsWith('a') === true && statOf(pid)?.state === 'S', () => 'the exec');
    expect(await rows(`SELECT name, cmdline, cwd FROM processes WHERE pid = ${pid}`)).toEqual([{ name: 'a\\\\b\\nc', cmdline: `${program} -  x  y`, cwd: `${folder}/w\\xff` }]);
  });

  test('a very long command line is cut, and that is said', async () => {
    const { pid } = await started('/usr/bin/cat', ['-', 'y'.repeat(100_000)]);
    const { rows: found, warnings } = await engine.query(`SELECT length(cmdline) AS n FROM processes WHERE pid = ${pid}`);
    expect(found).toEqual([{ n: String(16 * 1024) }]);
    expect(warnings).toEqual([`processes: of the command line of process ${pid} the first 16 KiB are shown`]);
  });

  test.skipIf(noPs !== undefined)(`ids, parent, group, threads and size are those of ps${noPs === undefined ? '' : ` — ${noPs}`}`, async () => {
    const { pid } = await started('/usr/bin/sleep', ['1000']);
    const [row] = await rows(`SELECT pid, parent, pgroup, uid, gid, euid, egid, suid, sgid, nice, threads, total_size / 1024 AS vsz, name FROM processes WHERE pid = ${pid}`);
    const ps = spawnSync('ps', ['-o', 'pid=,ppid=,pgid=,ruid=,rgid=,uid=,gid=,suid=,sgid=,ni=,nlwp=,vsz=,comm=', '-p', String(pid)], { encoding: 'utf8' });
    expect(Object.values(row ?? {})).toEqual(ps.stdout.trim().split(/\s+/));
  });

  test('several pids are asked at once, and none that is not there answers', async () => {
    expect(await rows(`SELECT pid FROM processes WHERE pid IN (${process.pid}, ${process.ppid}, 4194305, 0) ORDER BY pid`)).toEqual([process.pid, process.ppid].sort((a, b) => a - b).map((pid) => ({ pid: String(pid) })));
  });
});

test('the environment of a process as it was started', async () => {
  const { pid } = await started('/usr/bin/sleep', ['1000'], { env: { HOME: '/x', EVIL: 'a=b\nc', EMPTY: '' } });
  expect(await rows(`SELECT key, value FROM process_envs WHERE pid = ${pid} ORDER BY key`)).toEqual([{ key: 'EMPTY', value: '' }, { key: 'EVIL', value: 'a=b\nc' }, { key: 'HOME', value: '/x' }]);
});

test('an empty entry hides nothing behind it, and one without = is key and value', () => {
  expect([...parseEnvironment('A=1\0\0B=2\0plain\0')]).toEqual([{ key: 'A', value: '1' }, { key: 'B', value: '2' }, { key: 'plain', value: 'plain' }]);
});

test('open files are those with a path, also when they are deleted', async () => {
  const file = join(temporaryDirectory(), 'socket: no');
  const fd = openSync(file, 'w');
  onTestFinished(() => closeSync(fd));
  unlinkSync(file);
  const found = await rows(`SELECT fd, path FROM process_open_files WHERE pid = ${process.pid}`);
  expect(found).toContainEqual({ fd: String(fd), path: `${file} (deleted)` });
  expect(found.filter(({ path }) => /^(?:socket|pipe|anon_inode):/.test(path ?? ''))).toEqual([]);
});

describe('sockets', () => {
  const listening = async (where: { port: number; host: string } | { path: string }): Promise<Server> => {
    const server = createServer();
    server.listen(where);
    await once(server, 'listening');
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    return server;
  };
  const ours = `FROM process_open_sockets WHERE pid = ${process.pid}`;

  test('TCP, UDP and a unix socket are ours, with their ends', async () => {
    const port = ((await listening({ port: 0, host: '127.0.0.1' })).address() as AddressInfo).port;
    const path = join(temporaryDirectory(), 'a b.sock');
    await listening({ path });
    const udp = createSocket('udp4');
    onTestFinished(() => new Promise<void>((resolve) => void udp.close(() => resolve())));
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    expect(await rows(`SELECT family, protocol, local_address, state ${ours} AND local_port = ${port}`)).toEqual([{ family: '2', protocol: '6', local_address: '127.0.0.1', state: 'LISTEN' }]);
    expect(await rows(`SELECT protocol, state ${ours} AND local_port = ${udp.address().port} AND protocol = 17`)).toEqual([{ protocol: '17', state: '' }]);
    expect(await rows(`SELECT family, path ${ours} AND path = '${path}'`)).toEqual([{ family: '1', path }]);
    expect(await rows(`SELECT port, address, family FROM listening_ports WHERE pid = ${process.pid} AND port = ${port}`)).toEqual([{ port: String(port), address: '127.0.0.1', family: '2' }]);
    expect(await rows(`SELECT port, socket, address FROM listening_ports WHERE path = '${path}'`)).toEqual([{ port: '0', socket: '0', address: '' }]);
  });

  test.skipIf(noIpv6 !== undefined)(`TCP over IPv6 too${noIpv6 === undefined ? '' : ` — ${noIpv6}`}`, async () => {
    const port = ((await listening({ port: 0, host: '::1' })).address() as AddressInfo).port;
    expect(await rows(`SELECT family, local_address ${ours} AND local_port = ${port} AND state = 'LISTEN'`)).toEqual([{ family: '10', local_address: '::1' }]);
  });

  test('the number of a socket is the one in the link of its descriptor', async () => {
    const port = ((await listening({ port: 0, host: '127.0.0.1' })).address() as AddressInfo).port;
    const [row] = await rows(`SELECT fd, socket, net_namespace ${ours} AND local_port = ${port} AND state = 'LISTEN'`);
    const link = spawnSync('readlink', [`/proc/${process.pid}/fd/${row?.['fd']}`, `/proc/${process.pid}/ns/net`], { encoding: 'utf8' }).stdout;
    expect(link).toBe(`socket:[${row?.['socket']}]\nnet:[${row?.['net_namespace']}]\n`);
  });

  test('a connection is no listening port', async () => {
    const port = ((await listening({ port: 0, host: '127.0.0.1' })).address() as AddressInfo).port;
    const client = connect(port, '127.0.0.1');
    onTestFinished(() => void client.destroy());
    await once(client, 'connect');
    expect(await rows(`SELECT state, remote_address ${ours} AND remote_port = ${port}`)).toEqual([{ state: 'ESTABLISHED', remote_address: '127.0.0.1' }]);
    expect(await rows(`SELECT count(*) AS n FROM listening_ports WHERE port = ${client.localPort}`)).toEqual([{ n: '0' }]);
  });

  test('there are those of all processes, each once', async () => {
    const port = ((await listening({ port: 0, host: '127.0.0.1' })).address() as AddressInfo).port;
    expect(await rows(`SELECT pid FROM process_open_sockets WHERE local_port = ${port} AND state = 'LISTEN'`)).toEqual([{ pid: String(process.pid) }]);
  });
});
