import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Operation } from '../../src/actions/removal.ts';
import { keepOriginals, takeFile } from '../../src/actions/removal-take.ts';
import { openFile, sha256Of } from '../../src/host/files.ts';
import { prepareQuarantine } from '../../src/host/quarantine.ts';
import { temporaryDirectory } from '../helpers/events.ts';

function planned(path: string): Operation {
  using file = openFile(Buffer.from(path), 'any');
  return { kind: 'file', path: Buffer.from(path), state: file.state, sha256: sha256Of(file.fd, file.state.size) ?? '', text: 'take it', target: path };
}

test('of two runs at once the one that came too late says so, and what it kept', () => {
  const root = temporaryDirectory();
  const path = join(root, 'evil.timer');
  writeFileSync(path, '[Timer]\n');
  const quarantine = prepareQuarantine(join(root, 'quarantine'), process.getuid?.() ?? 0);
  const originals = keepOriginals([planned(path)], quarantine);
  const kept: string[] = [];
  const remark = takeFile(Buffer.from(path), originals, quarantine, (change) => {
    if (change.kind === 'file') kept.push(change.copy.file);
    // The other run, right after this one wrote down what it does.
    rmSync(path);
  });
  expect(remark).toBe(`${path} was taken away by somebody else in the same moment; this run has a copy too`);
  expect(kept.map((file) => readFileSync(file, 'utf8'))).toEqual(['[Timer]\n']);
});
