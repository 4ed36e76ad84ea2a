/** An inventory of ten thousand hosts that are not there, and answer at once (ansible/instant.py): what so many cost Ansible, and what reads, keeps and shows their answers. Nothing is contacted. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Measured } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { cpuMs, cpuOfFamilyMs, memoryMb, processIds } from './proc.ts';
import { PROGRAM } from './watcher.ts';

const HOSTS = 10_000;
const LOOK_MS = 200;

export const fleetLarge: Benchmark = {
  name: 'fleet-large',
  summary: 'a removal on ten thousand hosts of an inventory that answer at once: hosts a second, memory, sizes',
  limit: 2_400,
  async run(lab): Promise<Measured> {
    if (spawnSync('ansible', ['--version']).status !== 0) return { figures: [{ name: 'a large fleet', value: Number.NaN, unit: 's', note: 'needs Ansible: apt-get install ansible-core' }], raw: {} };
    return measure(lab, lab.scaled(HOSTS));
  },
};

async function measure(lab: Lab, hosts: number): Promise<Measured> {
  const inventory = join(lab.disk, 'hosts.ini');
  writeFileSync(inventory, `[all:vars]\nansible_connection=instant\n[all]\n${Array.from({ length: hosts }, (_, n) => `host${String(n).padStart(5, '0')}.example.com\n`).join('')}`);
  const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: lab.disk, ANSIBLE_LOCAL_TEMP: join(lab.disk, 'ansible'), ANSIBLE_CONNECTION_PLUGINS: join(import.meta.dirname, 'ansible') };
  const began = performance.now();
  await lab.run(['env', '-i', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`), 'ansible', 'all', '-i', inventory, '--list-hosts']);
  const parsed = performance.now() - began;

  const page = join(lab.disk, 'page.html');
  const state = join(lab.disk, 'state');
  const child = lab.processes.startDirectly(['/bin/sh', PROGRAM, 'fleet', 'respond', '--inventory', inventory, '--file', '/etc/systemd/system/evil.timer', '--only', 'remove', '--yes', '--report', page, '--state-dir', state], { env: { ...environment, PYTHONDONTWRITEBYTECODE: '1' }, stdout: 'pipe' });
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const started = performance.now();
  const seen = { first: Number.NaN, last: Number.NaN, ours: 0, cpu: 0, ansible: 0, ansibleCpu: 0 };
  await lab.until(() => {
    const told = child.errors().split('\n').length - 2;
    if (told > 0 && Number.isNaN(seen.first)) seen.first = performance.now() - started;
    if (told < hosts) seen.last = performance.now() - started;
    seen.ours = Math.max(seen.ours, memoryMb(child.pid, 'VmHWM') || 0);
    seen.cpu = Math.max(seen.cpu, cpuMs(child.pid));
    const ansible = childOf(child.pid);
    seen.ansible = Math.max(seen.ansible, memoryMb(ansible, 'VmHWM') || 0);
    seen.ansibleCpu = Math.max(seen.ansibleCpu, cpuOfFamilyMs(ansible));
    return child.ended;
  }, fleetLarge.limit * 1_000, LOOK_MS);
  const total = performance.now() - started;
  const summary = printed.trim().split('\n').at(-1) ?? '';
  const records = join(state, 'fleet', readdirSync(join(state, 'fleet'))[0] ?? '');
  const names = readdirSync(records);
  return {
    figures: [
      { name: `inventory of ${hosts} hosts read by Ansible`, value: parsed / 1_000, unit: 's' },
      { name: 'first host told', value: seen.first / 1_000, unit: 's', note: 'Ansible goes through all hosts before it asks the first' },
      { name: 'hosts a second, all told', value: (hosts / seen.last) * 1_000, unit: '/s', note: `${(seen.last / 1_000).toFixed(0)} s; ${summary}` },
      { name: 'after the last host: table, page, end', value: (total - seen.last) / 1_000, unit: 's' },
      { name: 'CPU of Ansible and its workers a host', value: seen.ansibleCpu / hosts, unit: 'ms' },
      { name: 'CPU of tickward itself a host', value: seen.cpu / hosts, unit: 'ms' },
      { name: 'memory of Ansible without its workers', value: seen.ansible, unit: 'MB' },
      { name: 'memory of tickward', value: seen.ours, unit: 'MB' },
      { name: 'page over all hosts', value: statSync(page).size / 1e6, unit: 'MB', note: `${names.length - 1} records of ${(names.reduce((sum, name) => sum + statSync(join(records, name)).size, 0) / 1e6).toFixed(1)} MB` },
    ],
    raw: { parsed, ...seen, total, summary },
  };
}

/** ansible-playbook, not the workers that it forks. */
function childOf(parent: number): number {
  return processIds().find((pid) => {
    try {
      return /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] === String(parent);
    } catch {
      return false;
    }
  }) ?? 0;
}
