/** Says at the end which tests were skipped: their names carry the reason and what would enable them. */
import type { Reporter, TestModule } from 'vitest/node';

export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')].map((test) => `  ${module.relativeModuleId}: ${test.fullName}`));
    if (skipped.length > 0) process.stdout.write(`\nSkipped here, and what they need:\n${skipped.join('\n')}\n`);
  }
}
