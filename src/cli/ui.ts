/** The one door to inquirer: questions for a person, only where there is one. */
import inquirer from 'inquirer';
import { TickwardError } from '../model/errors.ts';

export interface Choice<Value> {
  value: Value;
  name: string;
  /** Shown below the list while it is chosen. */
  description?: string;
}

/** Each throws INTERRUPTED at Ctrl-C, where the terminal is lost, and when the signal that it was made with is given. */
export interface Ui {
  /** Default No. */
  confirm(message: string): Promise<boolean>;
  /** The first is offered unless another is named. */
  select<Value extends string>(message: string, choices: readonly Choice<Value>[], offered?: Value): Promise<Value>;
  /** A line of text; `refuse` says what is wrong with it, undefined where nothing is. What was answered before is offered. */
  input(message: string, refuse?: (text: string) => string | undefined, before?: string): Promise<string>;
}

/** inquirer reads piped stdin as answers, so a real terminal on both ends is asked for. */
export function isInteractive(settings: { input: boolean; json: boolean }): boolean {
  return settings.input && !settings.json && process.stdin.isTTY === true && process.stdout.isTTY === true;
}

export function createUi(signal?: AbortSignal): Ui {
  const prompt = signal === undefined ? inquirer.prompt : inquirer.createPromptModule({ signal });
  return {
    confirm: (message) => answered(async () => (await prompt<{ answer: boolean }>([{ type: 'confirm', name: 'answer', message, default: false }])).answer),
    select: (message, choices, offered) => answered(async () => (await prompt([{ type: 'select', name: 'answer', message, pageSize: PAGE, choices: choices.map((choice) => ({ ...choice })), ...(offered === undefined ? {} : { default: offered }) }])).answer),
    input: (message, refuse, before) => answered(async () => (await prompt<{ answer: string }>([{ type: 'input', name: 'answer', message, validate: (text: string) => refuse?.(text) ?? true, ...(before === undefined ? {} : { default: before }) }])).answer),
  };
}

/** Choices shown without scrolling. */
const PAGE = 12;

export const ui: Ui = createUi();

async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    // Ctrl-C and a closed terminal arrive as this error of inquirer's.
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) throw new TickwardError('INTERRUPTED', 'interrupted: what was done so far is in the journal', { hint: 'tickward runs shows it', cause: error });
    throw error;
  }
}
