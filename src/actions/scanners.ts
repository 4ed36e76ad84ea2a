/**
 * clamscan(1) and yara(1). They get the descriptors of files that we opened, as /proc/PID/fd/N: no name can be exchanged under them, none is taken for an option or a process id,
 * and none can make up a line of their output.
 */
import { run } from '../exec.ts';
import { openFile, type OpenFile } from '../host/files.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import { legible, printable, textOfBytes } from '../model/text.ts';

export interface Finding {
  /** Bytes that are no UTF-8 read `\xff`. */
  path: string;
  scanner: 'clamscan' | 'yara';
  signature: string;
}

export interface Opened extends Disposable {
  files: OpenFile[];
  /** Why others were not opened. */
  refused: string[];
}

export function openAll(paths: readonly Buffer[]): Opened {
  const files: OpenFile[] = [];
  const refused: string[] = [];
  for (const path of paths) {
    try {
      files.push(openFile(path, 'any'));
    } catch (error) {
      refused.push(advisedMessageOf(error));
    }
  }
  return { files, refused, [Symbol.dispose]: () => files.forEach((file) => file[Symbol.dispose]()) };
}

/** Told of each finding at once: one file that takes too long takes nothing from those before it. */
export type Report = (finding: Finding) => void;

const MOST_OUTPUT = 4 * 1024 ** 2;

/** One start for all files: its signatures take the longest. Exit codes of clamscan(1): 0 nothing, 1 found, 2 an error. */
export async function clamscan(files: readonly OpenFile[], database: string | undefined, seconds: number, report: Report): Promise<void> {
  const from = database === undefined ? [] : [`--database=${database}`];
  const { exitCode, stdout, stderr } = await run('clamscan', ['--no-summary', '--infected', '--stdout', ...from, ...files.map(pathOf)], { timeout: seconds * 1_000, maxBuffer: MOST_OUTPUT });
  for (const [, fd, signature] of stdout.matchAll(/^\/proc\/\d+\/fd\/(\d+): (.+) FOUND$/gm)) findingOf(files, fd, 'clamscan', signature).forEach(report);
  if (exitCode !== 0 && exitCode !== 1) throw new TickwardError('FAILED', `clamscan ended with an error: ${errorIn(`${stderr}\n${stdout}`)}`, { hint: 'are there signatures? freshclam gets them' });
}

/** A start for each file: it takes one at a time. It ends with 0 also where a rule matches (yara 4.2). */
export async function yara(files: readonly OpenFile[], rules: string, seconds: number, report: Report): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  for (const file of files) {
    const left = end - performance.now();
    if (left <= 0) throw new TickwardError('TIMEOUT', `yara had ${seconds} s and has read ${files.indexOf(file)} of ${files.length} files`, { hint: 'name fewer files, or more seconds' });
    const { exitCode, stdout, stderr } = await run('yara', ['--no-warnings', rules, pathOf(file)], { timeout: Math.ceil(left), maxBuffer: MOST_OUTPUT });
    if (exitCode !== 0) throw new TickwardError('FAILED', `yara ended with an error: ${errorIn(stderr)}`, { hint: `try it by hand: yara ${printable(rules)} ${printable(textOfBytes(file.path))}` });
    for (const [, signature, fd] of stdout.matchAll(/^(\S+) \/proc\/\d+\/fd\/(\d+)$/gm)) findingOf(files, fd, 'yara', signature).forEach(report);
  }
}

function pathOf(file: OpenFile): string {
  return `/proc/${process.pid}/fd/${file.fd}`;
}

function findingOf(files: readonly OpenFile[], fd: string | undefined, scanner: Finding['scanner'], signature: string | undefined): Finding[] {
  const file = files.find((each) => String(each.fd) === fd);
  return file === undefined || signature === undefined ? [] : [{ path: legible(textOfBytes(file.path)), scanner, signature }];
}

function errorIn(text: string): string {
  return printable(text.split('\n').find((line) => /error/i.test(line))?.trim() ?? text.trim().split('\n')[0] ?? '');
}
