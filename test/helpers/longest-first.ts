/** What takes long begins first, so that at the end no file runs alone for a minute while the other processor waits: in a fresh clone nothing is known of how long each took the last time. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Programs and hosts are started there. Those without hosts come before those that wait for the tree from which hosts are booted. */
const LONG = ['test/cli/', 'test/respond/', 'test/package/', 'test/system/', 'test/fleet/', 'test/sensor/'];

function rank({ moduleId }: TestSpecification): number {
  const found = LONG.findIndex((directory) => moduleId.includes(`/${directory}`));
  return found < 0 ? LONG.length : found;
}

export default class LongestFirst extends BaseSequencer {
  /** Among themselves by what the last run took, or by their size. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
