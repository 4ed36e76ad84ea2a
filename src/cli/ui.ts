/** The one door to inquirer: questions for a person, only where there is one. */
import { TickwardError } from '../model/errors.ts';
import { createPlainUi } from './plain-ui.ts';
import { movesCursor } from './terminal.ts';

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
  if (!movesCursor()) return createPlainUi(() => interrupted(), signal);
  const ask = async <Value>(question: Question): Promise<Value> => {
    // It takes as long to load as the rest of the program, which many runs never need.
    const { default: inquirer } = await import('inquirer');
    const prompt = signal === undefined ? inquirer.prompt : inquirer.createPromptModule({ signal });
    return (await answered(() => prompt<{ answer: unknown }>([{ ...question, name: 'answer' }]))).answer as Value;
  };
  return {
    confirm: (message) => ask({ type: 'confirm', message, default: false }),
    select: (message, choices, offered) => ask({ type: 'select', message, pageSize: PAGE, choices: choices.map((choice) => ({ ...choice })), ...(offered === undefined ? {} : { default: offered }) }),
    input: (message, refuse, before) => ask({ type: 'input', message, validate: (text: string) => refuse?.(text) ?? true, ...(before === undefined ? {} : { default: before }) }),
  };
}

type Question =
  | { type: 'confirm'; message: string; default: boolean }
  | { type: 'select'; message: string; pageSize: number; choices: Choice<string>[]; default?: string }
  | { type: 'input'; message: string; validate: (text: string) => string | true; default?: string };

/** Choices shown without scrolling. */
const PAGE = 12;

export const ui: Ui = createUi();

async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    // Ctrl-C and a closed terminal arrive as this error of inquirer's.
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) throw interrupted(error);
    throw error;
  }
}

function interrupted(cause?: unknown): TickwardError {
  return new TickwardError('INTERRUPTED', 'interrupted at a question: nothing was done after it', { cause });
}
