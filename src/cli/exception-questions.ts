/** What a person on a terminal is asked for an exception. */
import type { FieldTest } from '../model/exception.ts';
import type { Proposal } from '../rule/exception-review.ts';
import { messageOf } from '../model/errors.ts';
import { untilMs } from './duration.ts';
import { testsText } from './exception-options.ts';
import type { Ui } from './ui.ts';

interface Given {
  tests: FieldTest[];
  reason?: string;
  expires?: string;
}

/** Asks only for what was not given. */
export async function askException(ui: Ui, proposals: readonly Proposal[], given: Given): Promise<{ tests: FieldTest[]; reason: string; expires?: string }> {
  const tests = given.tests.length > 0 ? given.tests : await askTests(ui, proposals);
  const reason = given.reason?.trim() || (await ui.input('Why is this no finding? (it stays on record)', (text) => (text.trim() === '' ? 'say why in a few words' : undefined))).trim();
  const expires = given.expires ?? (await ui.input('Until when? (30d, a date, or nothing: until it is removed)', (text) => (text.trim() === '' ? undefined : refusal(text.trim()))));
  return { tests, reason, ...(expires.trim() === '' ? {} : { expires: expires.trim() }) };
}

async function askTests(ui: Ui, proposals: readonly Proposal[]): Promise<FieldTest[]> {
  const chosen = await ui.select('What is left out from now on?', proposals.map(({ name, what, tests }) => ({ value: name, name: what, description: testsText(tests) })));
  return proposals.find(({ name }) => name === chosen)?.tests ?? [];
}

function refusal(text: string): string | undefined {
  try {
    untilMs(text, Date.now());
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
