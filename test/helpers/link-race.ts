/** An attacker who exchanges a directory for a link to a victim's directory, and back, as fast as a process can. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFile, sha256Of } from '../../src/host/files.ts';
import { unlinkFile } from '../../src/host/quarantine.ts';

const EXCHANGE = `const { renameSync } = require('node:fs');
process.on('disconnect', () => process.exit());
process.send('ready');
const round = () => { for (let i = 0; i < 200; i++) { try { renameSync('cfg', 'x'); renameSync('alt', 'cfg'); renameSync('x', 'alt'); } catch {} } setImmediate(round); };
round();`;

export interface Race {
  rounds: number;
  limitMs: number;
  attempt: (path: string) => void;
  /** When the first victim lost its file. */
  stopAtFirst: boolean;
  /** Ends the attacker when the test fails. */
  onTestFinished: (end: () => void) => void;
}

/** How often the victim lost its file, and how often the planted one was removed. */
export async function linkRace(home: string, { rounds, limitMs, attempt, stopAtFirst, onTestFinished }: Race): Promise<{ rounds: number; victims: number; removed: number }> {
  const script = join(home, 'exchange.cjs');
  writeFileSync(script, EXCHANGE);
  mkdirSync(join(home, 'victim'));
  mkdirSync(join(home, 'cfg'));
  symlinkSync(join(home, 'victim'), join(home, 'alt'));
  const attacker = fork(script, { cwd: home, execArgv: [] });
  onTestFinished(() => void attacker.kill('SIGKILL'));
  await once(attacker, 'message');
  const count = { rounds: 0, victims: 0, removed: 0 };
  for (const end = performance.now() + limitMs; count.rounds < rounds && performance.now() < end; count.rounds += 1) {
    writeFileSync(join(home, 'victim', 'u.timer'), 'precious');
    for (const name of ['cfg', 'alt']) plant(join(home, name));
    try {
      attempt(join(home, 'cfg', 'u.timer'));
      count.removed += 1;
    } catch {
      // Refused: the answer that is wanted when the directory is a link at that moment.
    }
    if (!existsSync(join(home, 'victim', 'u.timer'))) count.victims += 1;
    if (stopAtFirst && count.victims > 0) break;
  }
  attacker.kill('SIGKILL');
  if (attacker.exitCode === null && attacker.signalCode === null) await once(attacker, 'exit');
  return count;
}

function plant(directory: string): void {
  try {
    if (!lstatSync(directory).isSymbolicLink()) writeFileSync(join(directory, 'u.timer'), 'evil', { flag: 'wx' });
  } catch {
    // Exchanged in between.
  }
}

export function naive(path: string): void {
  if (lstatSync(join(path, '..')).isSymbolicLink()) throw new Error('link');
  readFileSync(path);
  rmSync(path);
}

export function safe(path: string): void {
  using file = openFile(path);
  sha256Of(file.fd, 1024);
  unlinkFile(file);
}
