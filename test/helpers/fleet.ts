/** Booted hosts with sshd and nothing of Tickward but its .deb, and an inventory of them for Ansible. Connections go through sshd's own stdin, so that hosts need no network. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boot, noBoot, type Booted } from './booted.ts';
import { jsonLines } from './lines.ts';
import { FOR_DEB, noPackages, treeWithDeb } from './packages.ts';

const FLEET = join(import.meta.dirname, '../../src/cli/tickward');
/** Why there can be no fleet here. */
export const noFleet: string | undefined = noBoot ?? noPackages(FOR_DEB) ?? (spawnSync('ansible', ['--version']).status === 0 && spawnSync('ssh', ['-V']).status === 0 ? undefined : 'needs Ansible: apt-get install ansible-core openssh-client');

export interface Row {
  host: string;
  state: string;
  reason?: string;
  run?: string;
  record?: { chain?: { intact?: boolean } };
}

export interface Answered {
  code: number | null;
  /** By the name of the host. */
  rows: Map<string, Row>;
  ms: number;
  run: string;
}

export interface Bed {
  directory: string;
  inventory: string;
  hosts: ReadonlyMap<string, Booted>;
  /** `tickward fleet ARGUMENTS` over the inventory. */
  fleet(...args: string[]): Promise<Answered>;
}

/** Puts a timer with its service on a host and starts it. Gives the path. One that was taken out stays masked: each needs a name of its own. */
export function strike(host: Booted, name: string): string {
  const unit = `/etc/systemd/system/${name}`;
  const { status, stderr } = host.shell(`printf '[Timer]\\nOnCalendar=hourly\\n' > ${unit}.timer; printf '[Service]\\nExecStart=/bin/true\\n' > ${unit}.service; systemctl daemon-reload; systemctl start ${name}.timer`);
  if (status !== 0) throw new Error(stderr);
  return `${unit}.timer`;
}

/** Hosts that do not answer, with what stands for the way to them: nobody there, an sshd that lets nobody in, a connection on which nothing is ever said. */
const BROKEN = { down: () => 'false', refusing: (enter: string) => `${enter} /usr/sbin/sshd -i -o AuthorizedKeysFile=none`, hung: () => 'sleep 600' };
export const BROKEN_HOSTS = Object.keys(BROKEN);

/** Hosts of these names, and in the inventory the three broken ones. The base tree has to be prepared. */
export async function fleetOf(names: readonly string[], atEnd: (clean: () => Promise<void>) => void): Promise<Bed> {
  const tree = await treeWithDeb(atEnd);
  const directory = mkdtempSync(join(tmpdir(), 'tickward-fleet-'));
  atEnd(async () => rmSync(directory, { recursive: true }));
  const key = join(directory, 'key');
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const known = readFileSync(`${key}.pub`, 'utf8').trim();
  const hosts = new Map(await Promise.all(names.map(async (name): Promise<[string, Booted]> => {
    const host = await boot(atEnd, { tree, checkout: false });
    const { status, stderr } = host.shell(`mkdir -p /root/.ssh /run/sshd; chmod 700 /root/.ssh; echo '${known}' > /root/.ssh/authorized_keys; ssh-keygen -A >/dev/null`);
    if (status !== 0) throw new Error(stderr);
    return [name, host];
  })));
  const line = (name: string, proxy: string): string => `${name} ansible_host=${name} ansible_user=root ansible_ssh_private_key_file=${key} ansible_ssh_common_args='-o ProxyCommand="${proxy}" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR'\n`;
  const inventory = join(directory, 'hosts.ini');
  const into = ({ enter }: Booted): string => enter.join(' ');
  const [first] = hosts.values();
  if (first === undefined) throw new Error('no host was booted');
  writeFileSync(inventory, [...hosts].map(([name, host]) => line(name, `${into(host)} /usr/sbin/sshd -i`)).join('') + Object.entries(BROKEN).map(([name, way]) => line(name, way(into(first)))).join(''));
  return { directory, inventory, hosts, fleet: (...args) => ask(directory, [...args, '--inventory', inventory]) };
}

async function ask(directory: string, args: readonly string[]): Promise<Answered> {
  const began = performance.now();
  const child = spawn('/bin/sh', [FLEET, 'fleet', ...args, '--json'], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory, TICKWARD_STATE_DIR: join(directory, 'state') } });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const rows = jsonLines<Row>(out);
  return { code, ms: performance.now() - began, run: /fleet run (\S+)/.exec(errors)?.[1] ?? '', rows: new Map(rows.map((row) => [row.host, row])) };
}
