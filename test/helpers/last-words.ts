/** What a reader of the log's last lines needs: which tests were skipped (their names carry the reason and what would enable them), passed only when run again, or failed, and why. */
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const REASON_CHARACTERS = 600;

const named = (test: TestCase): string => `  ${test.module.relativeModuleId}: ${test.fullName}`;
const reasonOf = (errors: readonly { readonly message: string }[]): string =>
  errors.map((error) => `\n    ${stripVTControlCharacters(error.message).slice(0, REASON_CHARACTERS).replaceAll('\n', '\n    ')}`).join('');

function say(title: string, lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`\n${title}:\n${lines.join('\n')}\n`);
}

export default class LastWords implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    say(
      'Skipped here, and what they need',
      tests.filter((test) => test.result().state === 'skipped').map(named),
    );
    say(
      'Passed only when run again',
      tests.filter((test) => test.diagnostic()?.flaky === true).map((test) => named(test) + reasonOf(test.result().errors ?? [])),
    );
    say('Failed', [
      ...modules.filter((module) => module.errors().length > 0).map((module) => `  ${module.relativeModuleId}${reasonOf(module.errors())}`),
      ...tests.filter((test) => test.result().state === 'failed').map((test) => named(test) + reasonOf(test.result().errors ?? [])),
    ]);
  }
}
