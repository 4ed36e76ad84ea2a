/** Who makes files in the attribution benchmark: each program with what must be said of it. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Truth } from './verdicts.ts';
import type { Lab } from './lab.ts';

/** No user of the machine has it. Each line of creators has its own from here on. */
const FIRST_UID = 60_001;

export interface Creator {
  name: string;
  count: number;
  uid: number;
  directory: string;
  /** With {} for the file's path and {n} for its number. */
  argv: readonly string[];
  executable: string;
  /** What its command line is when it makes the file. Default: as it was started. */
  commandLine?: (argv: readonly string[]) => string;
  /** The file's content is the pid of the child that made it. */
  byChild?: true;
  /** Once a file, before the watcher starts. */
  prepare?: (number: number, path: string, uid: number) => void;
}

const pathOf = (lab: Lab, creator: Pick<Creator, 'name'>): string => join(lab.units, `${creator.name}-`);

/** Four of each at a time: different programs in different directories on disk and in memory, two with the same name, one started by a relative path; of different users. `chain`: how many more programs it becomes right after. */
export function tinyCreators(lab: Lab, count: number, chain: number): Creator[] {
  const next = copyOf(lab, join(lab.disk, 'after/next'));
  const last = copyOf(lab, join(lab.memory, 'after/last'));
  const then = [next, last].slice(0, chain).flatMap((program) => [program, '-']);
  const programs = [join(lab.disk, 'one/maker'), join(lab.disk, 'two/maker'), join(lab.memory, 'three/creator-three'), join(lab.memory, 'four/creator four')];
  return programs.map((program, index) => {
    const executable = copyOf(lab, program);
    const directory = join(program, '..');
    const argv0 = index === 1 ? `./${basename(program)}` : executable;
    return { name: `tiny${chain}-${index + 1}`, count: count / programs.length, uid: FIRST_UID + index, directory, argv: [argv0, '{}', ...then], executable };
  });
}

function copyOf(lab: Lab, path: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  copyFileSync(lab.program('creator'), path);
  chmodSync(path, 0o755);
  return path;
}

/** What people and intruders make files with. */
export function shapes(lab: Lab, count: number): Creator[] {
  const stage = join(lab.memory, 'stage');
  mkdirSync(stage, { recursive: true });
  chmodSync(stage, 0o777);
  const source = join(stage, 'source');
  writeFileSync(source, '[Timer]\n');
  const script = join(stage, 'script');
  writeFileSync(script, '#!/bin/sh\necho x > "$1"\n');
  chmodSync(script, 0o755);
  const sh = realpathSync('/bin/sh');
  const bash = realpathSync('/bin/bash');
  const simple = (name: string, ...argv: string[]): Omit<Creator, 'uid'> => {
    const program = join('/usr/bin', argv[0] ?? '');
    return { name, count, directory: stage, argv: [program, ...argv.slice(1)], executable: realpathSync(program) };
  };
  const all: Omit<Creator, 'uid'>[] = [
    { name: 'sh', count, directory: stage, argv: ['/bin/sh', '-c', 'echo x > {}'], executable: sh },
    { name: 'subshell', count, directory: stage, argv: ['/bin/bash', '-c', '(echo $BASHPID > {}); :'], executable: bash, byChild: true },
    { name: 'script', count, directory: stage, argv: [script, '{}'], executable: sh, commandLine: (argv) => ['/bin/sh', ...argv].join(' ') },
    { ...simple('nice', 'env', 'nice', 'touch', '{}'), executable: realpathSync('/usr/bin/touch'), commandLine: (argv) => argv.slice(2).join(' ') },
    simple('touch', 'touch', '{}'),
    simple('cp', 'cp', source, '{}'),
    { ...simple('mv', 'mv', `${stage}/moved-{n}`, '{}'), prepare: (number) => writeFileSync(`${stage}/moved-${number}`, 'x') },
    simple('ln', 'ln', '-s', '/dev/null', '{}'),
    simple('tee', 'tee', '{}'),
    {
      ...simple('sed', 'sed', '-i', 's/x/y/', '{}'),
      prepare(_number, path, uid) {
        writeFileSync(path, 'x\n');
        chownSync(path, uid, uid);
      },
    },
  ];
  return all.map((creator, index) => ({ ...creator, uid: FIRST_UID + index }));
}

export function prepare(lab: Lab, creator: Creator): void {
  for (let number = 0; number < creator.count; number += 1) creator.prepare?.(number, `${pathOf(lab, creator)}${number}.timer`, creator.uid);
}

/** Runs it to its end and gives what was written down. */
export async function create(lab: Lab, creator: Creator): Promise<Truth[]> {
  const results = join(lab.memory, `${creator.name}.results`);
  rmSync(results, { force: true });
  await lab.run([lab.program('spawn'), results, String(creator.uid), String(creator.count), pathOf(lab, creator), creator.directory, ...creator.argv]);
  return readFileSync(results, 'utf8').split('\n').filter(Boolean).map((line) => truthOf(creator, line));
}

function truthOf(creator: Creator, line: string): Truth {
  const [path = '', started, parent, uid, ...argv] = line.split('\x1f');
  const commandLine = creator.commandLine?.(argv) ?? argv.join(' ');
  const common = { path, uid: Number(uid), executable: creator.executable, commandLine };
  if (creator.byChild === undefined) return { ...common, pid: Number(started), ppid: Number(parent) };
  return { ...common, pid: Number(readFileSync(path, 'utf8')), ppid: Number(started) };
}
