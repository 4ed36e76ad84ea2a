/** One statement at a time: osqueryd would give the rows of several as those of one, osqueryi a list for each, and a list is all that an answer has room for. */
import { TickwardError } from '../model/errors.ts';
import { significant, tokenize } from '../model/sql.ts';

/** Throws QUERY for more than one, whatever is in them: none of them is run. */
export function demandOneStatement(sql: string): void {
  const tokens = significant(tokenize(sql));
  const ends = (at: number): boolean => tokens[at]?.text === ';';
  const count = tokens.filter((_, at) => !ends(at) && (at === 0 || ends(at - 1))).length;
  if (count > 1) throw new TickwardError('QUERY', `${count} statements in one query: only one can be answered`, { hint: 'ask one at a time' });
}
