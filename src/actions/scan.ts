/** Has files judged by the scanners that this host has. Changes nothing. */
import { z } from 'zod';
import { isInstalled } from '../exec.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Action, ActionContext } from './action.ts';
import { targetPath } from './removal-plan.ts';
import { clamscan, openAll, yara, type Finding } from './scanners.ts';
import { filesToScan } from './scan-files.ts';
import { nothingToUndo } from './undoing.ts';

const params = z.strictObject({
  /** Files, and directories with all that is in them. Without it the file of the alert and the program that made it. */
  paths: z.array(z.string().startsWith('/')).default([]),
  /** Of signatures for clamscan, instead of the host's own: a file or a directory. */
  clamav_database: z.exactOptional(z.string().startsWith('/')),
  /** A file of rules for yara; without it yara does not run. */
  yara_rules: z.exactOptional(z.string().startsWith('/')),
  /** For each scanner. Loading the signatures of ClamAV alone takes half a minute. */
  seconds: z.int().min(1).max(3_600).default(300),
});

type Params = z.infer<typeof params>;

interface Data {
  files: Buffer[];
  scanners: { name: 'clamscan' | 'yara'; argument: string | undefined }[];
  seconds: number;
  /** Filled in by `apply`. */
  scanned: number;
  findings: Finding[];
}

export const scan: Action<Params, Data> = {
  name: 'scan',
  summary: 'has files judged by clamscan and yara, where these are installed',
  example: 'action: scan\nparams: {paths: [/tmp, /var/tmp], yara_rules: /etc/yara/rules.yar}',
  needs: [],
  undoable: false,
  onlyLooks: true,
  reversible: 'not: it changes nothing',
  params,

  async plan(given, context) {
    const { files, notes } = filesToScan(given.paths.length > 0 ? given.paths : pathsOf(context));
    const scanners: Data['scanners'] = [
      ...(await isInstalled('clamscan') ? [{ name: 'clamscan' as const, argument: given.clamav_database }] : []),
      ...(given.yara_rules !== undefined && (await isInstalled('yara')) ? [{ name: 'yara' as const, argument: given.yara_rules }] : []),
    ];
    const data: Data = { files, scanners, seconds: given.seconds, scanned: 0, findings: [] };
    const missing = ['clamscan', ...(given.yara_rules === undefined ? [] : ['yara'])].filter((name) => scanners.every((scanner) => scanner.name !== name));
    const absent = missing.map((name) => `${name} is not installed (apt-get install ${name === 'yara' ? 'yara' : 'clamav'})`);
    if (scanners.length === 0) return { state: 'blocked', reason: `no scanner can be asked: ${absent.join('; ')}`, steps: [], notes, data };
    if (files.length === 0) return { state: notes.length > 0 ? 'blocked' : 'nothing-to-do', reason: notes[0] ?? 'there is no file to scan', steps: [], notes, data };
    const steps = scanners.map(({ name }) => ({ text: `let ${name} read ${files.length} ${files.length === 1 ? `file, ${printable(files[0]?.toString() ?? '')}` : 'files'}`, target: name }));
    return { state: 'ready', steps, notes: [...notes, ...absent], data };
  },

  async apply({ data }, _context, record) {
    const remarks: string[] = [];
    using opened = openAll(data.files);
    remarks.push(...opened.refused);
    data.scanned = opened.files.length;
    const failures: unknown[] = [];
    const onFinding = (finding: Finding): void => {
      data.findings.push(finding);
      record({ data: { kind: 'finding', ...finding } });
    };
    for (const { name, argument } of data.scanners) {
      try {
        if (name === 'clamscan') await clamscan(opened.files, argument, data.seconds, onFinding);
        else await yara(opened.files, argument ?? '', data.seconds, onFinding);
      } catch (error) {
        failures.push(error);
        remarks.push(`${name} did not judge: ${advisedMessageOf(error)}`);
      }
    }
    if (failures.length === data.scanners.length) throw new TickwardError('FAILED', remarks.at(-1) ?? 'no scanner judged');
    return [...remarks, ...data.findings.map(describe)];
  },

  async verify({ data: { findings, scanned, scanners } }) {
    const by = scanners.map((scanner) => scanner.name).join(' and ');
    const hit = new Set(findings.map((finding) => finding.path)).size;
    return { ok: true, text: hit === 0 ? `nothing was found in ${scanned} ${scanned === 1 ? 'file' : 'files'} by ${by}` : `${hit} of ${scanned} ${scanned === 1 ? 'file is' : 'files are'} known to ${by}: ${findings.slice(0, 3).map(describe).join('; ')}` };
  },

  undo: nothingToUndo,
};

function describe({ path, scanner, signature }: Finding): string {
  return `${printable(path)} is ${printable(signature)} (${scanner})`;
}

function pathsOf(context: ActionContext): Buffer[] {
  const executable = context.target.process?.executable;
  return [targetPath(context.target), ...(executable?.startsWith('/') === true ? [Buffer.from(executable)] : [])];
}
