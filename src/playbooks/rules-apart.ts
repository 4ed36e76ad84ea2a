/** Rules read by a process that ends when it has: what reads them (TOML, the schema, the parser of EQL) takes 13 to 18 MB, which a process that runs for months never needs again. A thread would leave most of that behind. */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { placedMessageOf, TickwardError } from '../model/errors.ts';
import type { Query } from '../rule/ast.ts';
import { compileEql } from '../rule/evaluate.ts';
import type { Rule } from '../rule/rule.ts';
import { PLAYBOOKS } from './files.ts';

export type ToldRule = Omit<Rule, 'run'> & { run: { runs: true; tree: Query } | Extract<Rule['run'], { runs: false }> };

export interface Told {
  rules: ToldRule[];
  broken: { file: string; message: string }[];
}

/** Beside this file, or what was made of it: as the launchers look for main. */
const READERS = ['cjs', 'js', 'ts'].map((extension) => join(import.meta.dirname, `rules-reader.${extension}`));
const EXEC_ARGV = ['--disable-warning=ExperimentalWarning'];
/** It takes a third of a second. */
const MOST_MS = 30_000;

/** As loadRules. What is wrong with a rule comes as words. Where no other process can be had, this one reads them: a host without memory or processes to spare is watched all the same. */
export async function loadRulesApart(onBroken: (message: string, file: string) => void, directory: string = PLAYBOOKS): Promise<Rule[]> {
  let said: Told;
  try {
    said = await told(directory);
  } catch {
    const { loadRules } = await import('./rules.ts');
    return loadRules((error, file) => onBroken(placedMessageOf(error), file), directory);
  }
  for (const { file, message } of said.broken) onBroken(message, file);
  return said.rules.map((rule) => ({ ...rule, run: rule.run.runs ? { ...rule.run, matches: compileEql(rule.run.tree, rule.query) } : rule.run }));
}

function told(directory: string): Promise<Told> {
  const reader = fork(READERS.find((path) => existsSync(path)) ?? '', [directory], { execArgv: EXEC_ARGV, serialization: 'advanced', timeout: MOST_MS, killSignal: 'SIGKILL' });
  return new Promise((resolve, reject) => {
    reader.once('message', (message) => resolve(message as Told));
    reader.once('error', reject);
    reader.once('exit', (code, signal) => reject(new TickwardError('FAILED', `the reader of the rules ended with ${signal ?? code}`)));
  });
}
