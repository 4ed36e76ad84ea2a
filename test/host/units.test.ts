import { expect, test } from 'vitest';
import { parseUnit } from '../../src/host/units.ts';

test('a line that goes on is one value, comments in between are passed over', () => {
  const text = '[Service]\nExecStart=/bin/sh \\\n  # why\n  -c \\\n; how\n  true\n\n[Install]\nWantedBy = a.target\nnothing\n';
  expect(parseUnit(text)).toEqual([
    { section: 'Service', key: 'ExecStart', value: '/bin/sh -c true', line: 2 },
    { section: 'Install', key: 'WantedBy', value: 'a.target', line: 9 },
  ]);
});

test('a line that goes on without end is read in time that grows as it does', () => {
  // What is joined at every step takes minutes for this.
  const [entry] = parseUnit(`[Service]\nExecStart=${'a\\\n'.repeat(300_000)}b`);
  expect(entry?.value).toHaveLength(600_001);
});
