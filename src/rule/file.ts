/** A file of rules, whatever its form: one in TOML, or an export with several. */
import { isExport, loadExport, type Export } from './export.ts';
import { loadRule } from './load.ts';
import type { Source } from './place.ts';

/** Never throws for what stands in the file: what is broken is in `errors`, the rest is there. `now` in ms decides which exceptions have expired. */
export function loadRuleFile(text: string, file: string, now: number): Export {
  try {
    if (isExport(text)) return loadExport(text, file, now);
    const rule = loadRule(text, file);
    const source: Source = { text, file };
    return { rules: [{ rule, source, unapplied: rule.exceptions.map(({ list_id }) => `the exceptions of the list ${JSON.stringify(list_id ?? null)} are not in the file`) }], errors: [], notes: [] };
  } catch (error) {
    return { rules: [], errors: [error], notes: [] };
  }
}
