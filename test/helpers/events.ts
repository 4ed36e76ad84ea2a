/** Made-up events and temporary directories for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';

/** A directory of the test's own, removed when the test ends. */
export function temporaryDirectory(parent = tmpdir()): string {
  const directory = mkdtempSync(join(parent, 'tickward-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

let count = 0;

export function fileEvent(changes: { path?: string; action?: FileEvent['event']['action']; time?: string; id?: string; executable?: string; user?: string } = {}): FileEvent {
  count += 1;
  const path = changes.path ?? '/etc/systemd/system/evil.timer';
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    '@timestamp': changes.time ?? new Date().toISOString(),
    event: { id: changes.id ?? `test-${String(count).padStart(6, '0')}`, kind: 'event', category: ['file'], type: ['creation'], action: changes.action ?? 'creation', dataset: 'tickward.file' },
    host: { name: 'host', hostname: 'host', architecture: 'x86_64', os: { type: 'linux', kernel: '6.1' } },
    file: { path, directory: path.slice(0, path.lastIndexOf('/')), name, extension: name.slice(name.lastIndexOf('.') + 1), type: 'file', size: 8, mode: '0644', uid: '0', gid: '0', inode: '7' },
    process: { pid: 4242, executable: changes.executable ?? '/usr/bin/dash', name: 'sh', command_line: 'sh -c evil', args: ['sh', '-c', 'evil'], parent: { pid: 4200, executable: '/usr/sbin/cron', name: 'cron' } },
    user: { id: '0', name: changes.user ?? 'root' },
    tickward: { attribution: 'proc', source: 'fanotify', unit: name, unit_type: 'timer', scope: 'system', ancestry: [] },
  };
}
