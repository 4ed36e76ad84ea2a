/** `npm run bench -- [name…] [--quick] [--json FILE]`: every figure that the sensor and the response must reach, measured. See CONTRIBUTING.md, Benchmarks. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { attribution } from './attribution.ts';
import type { Benchmark } from './benchmark.ts';
import { fleet } from './fleet.ts';
import { fleetLarge } from './fleet-large.ts';
import { idle } from './idle.ts';
import { extension } from './extension.ts';
import { isolate } from './isolate.ts';
import type { JsonValue } from './json.ts';
import { compileWorkloads, createLab } from './lab.ts';
import { investigate } from './investigate.ts';
import { judge } from './judge.ts';
import { late } from './late.ts';
import { latency } from './latency.ts';
import { DISK, RESULT, runInside } from './namespace.ts';
import { overflow } from './overflow.ts';
import { removal } from './removal.ts';
import { Processes } from './processes.ts';
import { machine, tableOf, versions, type Outcome } from './report.ts';
import { missingRivals } from './rivals.ts';
import { start } from './start.ts';
import { stopped } from './stopped.ts';
import { storm } from './storm.ts';
import { tax } from './tax.ts';

/** In the order in which they run. */
const BENCHMARKS: readonly Benchmark[] = [attribution, late, latency, storm, overflow, idle, tax, start, stopped, judge, isolate, removal, investigate, extension, fleet, fleetLarge];

const INTERRUPTED = 130;

const usage = (): string => ['npm run bench -- [name…] [--quick] [--json FILE]', '', ...BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`), '', '--quick does a tenth of everything: to try a benchmark, not for its figures.'].join('\n');

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' }, quick: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } } });
  if (values.help) {
    console.log(usage());
    return 0;
  }
  const unknown = positionals.filter((name) => BENCHMARKS.every((benchmark) => benchmark.name !== name));
  if (unknown.length > 0) {
    console.error(`no benchmark ${unknown.join(', ')}\n\n${usage()}`);
    return 2;
  }
  if (DISK !== undefined) return runAll(BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)), values.quick, DISK);
  if (process.getuid?.() !== 0) {
    console.error('the bench needs root, for a mount namespace, fanotify and BPF: sudo npm run bench');
    return 2;
  }
  for (const [program, packages] of [['cc', 'gcc libc6-dev'], ['unshare', 'util-linux'], ['setpriv', 'util-linux']] as const) {
    if (spawnSync('which', [program]).status === 0) continue;
    console.error(`skipped: the workloads need ${program} (apt-get install ${packages})`);
    return 0;
  }
  const { json } = values;
  return runInside([...positionals, ...(values.quick ? ['--quick'] : [])], (result) => {
    if (json !== undefined) writeFileSync(json, result);
  });
}

async function runAll(benchmarks: readonly Benchmark[], quick: boolean, disk: string): Promise<number> {
  const parent = process.ppid;
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  for (const missing of missingRivals()) console.error(missing);
  const programs = join(disk, 'programs');
  compileWorkloads(programs);
  const before = machine();
  const outcomes: Outcome[] = [];
  for (const benchmark of benchmarks) {
    if (!interrupted.signal.aborted) outcomes.push(await runOne(benchmark, { quick, disk, programs, interrupted: interrupted.signal }));
  }
  const result: JsonValue = { date: new Date().toISOString(), quick, machine: { before, after: machine() }, versions: versions(), benchmarks: outcomes.map((outcome) => ({ ...outcome, figures: outcome.figures.map((figure) => ({ ...figure })) })) };
  writeFileSync(join(disk, RESULT), `${JSON.stringify(result, null, 1)}\n`);
  console.log(tableOf(outcomes));
  // Who would remove it and read the result from it is gone.
  if (process.ppid !== parent) rmSync(disk, { recursive: true, force: true });
  if (quick) console.log('These are figures of --quick: a tenth of everything, to try the benchmarks.');
  if (interrupted.signal.aborted) return INTERRUPTED;
  return outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

interface Running {
  quick: boolean;
  disk: string;
  programs: string;
  interrupted: AbortSignal;
}

async function runOne(benchmark: Benchmark, { quick, disk, programs, interrupted }: Running): Promise<Outcome> {
  const processes = new Processes();
  const timeout = AbortSignal.timeout(benchmark.limit * 1000);
  const lab = createLab({ name: benchmark.name, quick, disk, programs, processes, signal: AbortSignal.any([interrupted, timeout]) });
  const started = performance.now();
  const [load = Number.NaN] = loadavg();
  const outcome = (rest: Pick<Outcome, 'figures' | 'raw' | 'failure'>): Outcome => ({ benchmark: benchmark.name, seconds: (performance.now() - started) / 1000, load: { before: load, after: loadavg()[0] ?? Number.NaN }, ...rest });
  try {
    return outcome(await benchmark.run(lab));
  } catch (error) {
    if (!lab.signal.aborted) console.error(error);
    return outcome({ figures: [], failure: interrupted.aborted ? 'interrupted' : timeout.aborted ? `given up after ${benchmark.limit} s` : `failed: ${error instanceof Error ? error.message : String(error)}` });
  } finally {
    await processes.endAll();
    for (const directory of [lab.disk, lab.memory]) rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
