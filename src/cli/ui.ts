/** The one door to inquirer: questions for a person, only where there is one. */
import inquirer from 'inquirer';
import { TickwardError } from '../model/errors.ts';

export interface Ui {
  /** Default No. */
  confirm(message: string): Promise<boolean>;
  select<Value extends string>(message: string, choices: readonly { value: Value; name: string; description?: string }[]): Promise<Value>;
  /** A line of text; `refuse` says what is wrong with it, undefined where nothing is. */
  input(message: string, refuse: (text: string) => string | undefined): Promise<string>;
}

/** inquirer reads piped stdin as answers, so a real terminal on both ends is asked for. */
export function isInteractive(settings: { input: boolean; json: boolean }): boolean {
  return settings.input && !settings.json && process.stdin.isTTY === true && process.stdout.isTTY === true;
}

export const ui: Ui = {
  confirm: (message) => answered(async () => (await inquirer.prompt<{ answer: boolean }>([{ type: 'confirm', name: 'answer', message, default: false }])).answer),
  select: (message, choices) => answered(async () => (await inquirer.prompt([{ type: 'select', name: 'answer', message, choices: choices.map((choice) => ({ ...choice })) }])).answer),
  input: (message, refuse) => answered(async () => (await inquirer.prompt<{ answer: string }>([{ type: 'input', name: 'answer', message, validate: (text: string) => refuse(text) ?? true }])).answer),
};

async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    // Ctrl-C and a closed terminal arrive as this error of inquirer's.
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) throw new TickwardError('INTERRUPTED', 'interrupted: what was done so far is in the journal', { hint: 'tickward runs shows it', cause: error });
    throw error;
  }
}
