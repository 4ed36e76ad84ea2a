/** Answers as a run knows them: in its document for conditions and parameters, and in the journal. */
import type { Answer } from './findings.ts';
import type { Question } from './playbook.ts';
import type { Running } from './session.ts';

/** What is as it was before is not written again. */
export function noteAnswer(running: Running, step: string, { id, ask }: Question, answer: Answer): void {
  if (running.answers[step]?.[id] === answer) return;
  running.say('answer', { question: id, ask, answer }, step);
  (running.answers[step] ??= {})[id] = answer;
}

/** Answers given beforehand to steps that were not asked for: nobody comes to these questions, and the conditions of the steps that were asked for read them all the same. */
export function noteAnswersElsewhere(running: Running): void {
  const { playbook, answers } = running.options;
  for (const { id, questions } of playbook.steps) {
    if (running.selected.has(id)) continue;
    for (const question of questions) {
      const answer = answers?.[id]?.[question.id];
      if (answer !== undefined) noteAnswer(running, id, question, answer);
    }
  }
}
