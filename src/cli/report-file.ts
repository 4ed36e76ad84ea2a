/** `investigate --report OUT.html`: the page, and beside it the same document as `--json` prints. */
import { basename, resolve } from 'node:path';
import { readRegular } from '../host/files.ts';
import { checkReplaceable, replaceFile } from '../host/replace.ts';
import type { Investigation } from '../investigate/result.ts';
import { TickwardError } from '../model/errors.ts';
import { printable, printableJson } from '../model/text.ts';
import { VERSION } from '../version.ts';
import type { Context } from './context.ts';

export interface ReportFile {
  write(result: Investigation): Promise<void>;
}

/** Refuses at once what could not be written at the end. */
export function openReport({ settings, out }: Context, path: string): ReportFile {
  const page = resolve(path);
  if (!/.\.html$/.test(basename(page))) throw new TickwardError('USAGE', `a report is an HTML page, and ${printable(path)} does not end in .html`, { hint: 'for example --report case.html; case.json is written beside it' });
  const data = page.replace(/\.html$/, '.json');
  for (const file of [page, data]) checkTarget(file);
  refuseForeign(data);
  return {
    async write(result) {
      // Handlebars takes long to load: only who wants a report pays for it.
      const { reportHtml } = await import('../report/index.ts');
      const html = reportHtml(result, { lang: settings.lang, data: basename(data), version: VERSION });
      replaceFile(data, `${printableJson(result)}\n`);
      replaceFile(page, html);
      out.progress(`report   ${printable(path)}, and all of it as data in ${printable(path.replace(/\.html$/, '.json'))}`);
    },
  };
}

function checkTarget(path: string): void {
  try {
    checkReplaceable(path);
  } catch (error) {
    if (!(error instanceof TickwardError) || error.code !== 'NOT_FOUND') throw error;
    throw new TickwardError('NOT_FOUND', `the report cannot be written: ${error.message}`, { hint: 'make the directory first', cause: error });
  }
}

/** How the document of an investigation begins. */
const OURS = '{"alert":';

/** Nobody named this file: what is no report's stays. */
function refuseForeign(path: string): void {
  try {
    if (readRegular(path, OURS.length).content.toString() === OURS) return;
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'NOT_FOUND') return;
    throw error;
  }
  throw new TickwardError('REFUSED', `${printable(path)} is there already and is not from a report`, { hint: 'give the report another name' });
}
