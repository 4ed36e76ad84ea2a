/** The process of rules-apart.ts: reads the rules of a directory, tells them, and ends. */
import { placedMessageOf } from '../model/errors.ts';
import type { Rule } from '../rule/rule.ts';
import { loadRules } from './rules.ts';
import type { Told, ToldRule } from './rules-apart.ts';

const broken: Told['broken'] = [];
const rules = loadRules((error, file) => broken.push({ file, message: placedMessageOf(error) }), process.argv[2]);
process.send?.({ rules: rules.map(withoutCode), broken } satisfies Told, () => process.disconnect());

/** Functions stay in their process. */
function withoutCode({ run, ...rule }: Rule): ToldRule {
  return { ...rule, run: run.runs ? { runs: true, tree: run.tree } : run };
}
