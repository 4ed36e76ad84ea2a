/** The figures for people, and the machine that they were measured on. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { isMet, RIVALS, type Figure } from './benchmark.ts';
import type { JsonValue } from './json.ts';
import { version } from './rivals.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

export interface Outcome {
  benchmark: string;
  seconds: number;
  /** Runnable processes over the last minute (getloadavg(3)), before and after. */
  load: { before: number; after: number };
  figures: readonly Figure[];
  raw?: JsonValue;
  /** Why there are no figures. */
  failure?: string;
}

export function tableOf(outcomes: readonly Outcome[]): string {
  const table = new Table({ head: ['figure', 'measured', 'target', 'ok', ...RIVALS.map((name) => `÷ ${name}`)], style: { head: [], border: [], compact: true }, colAligns: ['left', 'right', 'right', 'left', 'right', 'right'] });
  const notes: string[] = [];
  for (const outcome of outcomes) {
    table.push([{ colSpan: 6, content: `${outcome.benchmark} — ${outcome.seconds.toFixed(0)} s, load ${outcome.load.before.toFixed(1)} → ${outcome.load.after.toFixed(1)}${outcome.failure === undefined ? '' : ` — ${outcome.failure}`}` }]);
    for (const figure of outcome.figures) {
      if (figure.note !== undefined) notes.push(figure.note);
      table.push([`  ${figure.name}${figure.note === undefined ? '' : ` [${notes.length}]`}`, amount(figure.value, figure.unit), target(figure), verdict(figure), ...RIVALS.map((name) => ratio(figure.ratios?.[name]))]);
    }
  }
  return [table.toString(), ...notes.map((note, index) => `[${index + 1}] ${note}`)].join('\n');
}

/** Three figures that count; whole numbers whole. */
function amount(value: number, unit: string): string {
  if (Number.isNaN(value)) return '–';
  const shown = Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : unit === '%' ? value.toFixed(2) : value.toPrecision(3);
  return `${shown} ${unit}`;
}

function target({ target: wanted, unit }: Figure): string {
  if (wanted === undefined) return '';
  return 'least' in wanted ? `≥ ${wanted.least} ${unit}` : wanted.most === 0 ? '0' : `≤ ${wanted.most} ${unit}`;
}

function verdict(figure: Figure): string {
  const met = isMet(figure);
  return met === undefined ? '' : met ? 'yes' : 'NO';
}

function ratio(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : `${value >= 100 ? value.toFixed(0) : value.toPrecision(2)} ×`;
}

export function machine(): Record<string, JsonValue> {
  const [cpu] = cpus();
  return { cpu: cpu?.model ?? 'unknown', cores: cpus().length, architecture: arch(), kernel: release(), memory_mb: Math.round(totalmem() / 1e6), load_average: loadavg() };
}

export function versions(): Record<string, JsonValue> {
  return {
    node: process.version,
    tickward: (JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string }).version,
    commit: firstLine(['git', '-c', `safe.directory=${REPOSITORY}`, '-C', REPOSITORY, 'describe', '--always', '--dirty', '--abbrev=12']),
    cc: firstLine(['cc', '--version']),
    ...Object.fromEntries(RIVALS.map((name) => [name, version(name) ?? null])),
  };
}

function firstLine([program = '', ...args]: readonly string[]): string | null {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? (stdout.split('\n')[0] ?? null) : null;
}
