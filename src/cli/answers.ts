/** `--answer STEP.QUESTION=TEXT`: answers that are given beforehand. */
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Answer, Answers } from '../respond/findings.ts';
import type { Playbook, Question } from '../respond/playbook.ts';

/** Throws USAGE for what the playbook does not ask, and for what is no answer to it. */
export function answersFrom(given: readonly string[], playbook: Playbook): Answers {
  const answers: Record<string, Record<string, Answer>> = {};
  for (const text of given) {
    const [, step = '', name = '', value = ''] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(text) ?? [];
    const question = playbook.steps.find((each) => each.id === step)?.questions.find((each) => each.id === name);
    if (question === undefined) throw new TickwardError('USAGE', `the response does not ask ${printable(text.split('=')[0] ?? '')}`, { hint: `give STEP.QUESTION=TEXT; it asks ${questionsOf(playbook).join(', ') || 'nothing'}` });
    (answers[step] ??= {})[name] = answerTo(question, value, `${step}.${name}`);
  }
  return answers;
}

function questionsOf(playbook: Playbook): string[] {
  return playbook.steps.flatMap((step) => step.questions.map((question) => `${step.id}.${question.id}`));
}

function answerTo({ kind, choices = [] }: Question, value: string, name: string): Answer {
  const wrong = (expected: string): TickwardError => new TickwardError('USAGE', `${printable(value)} is no answer to ${name}`, { hint: `it takes ${expected}` });
  switch (kind) {
    case 'text':
      if (value === '') throw wrong('a text');
      return value;
    case 'choice':
      if (!choices.includes(value)) throw wrong(choices.join(', '));
      return value;
    case 'yes-no':
      if (value !== 'yes' && value !== 'no') throw wrong('yes or no');
      return value === 'yes';
  }
}
