/** What the sensor found out about this kernel, for its next start: text that is of use again, and no loss. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './whole-file.ts';

/** It is some kB; what is longer was not written here. Characters. */
const MOST = 65_536;

export interface KernelMemory {
  recall(): string | undefined;
  keep(text: string): void;
}

export function createKernelMemory(directory: string): KernelMemory {
  const path = join(directory, 'kernel.json');
  return {
    recall() {
      try {
        const text = readFileSync(path, 'utf8');
        return text.length > MOST ? undefined : text;
      } catch {
        return undefined;
      }
    },
    keep(text) {
      try {
        writeWhole(path, text);
      } catch {
        // A full disk: the next start finds it out anew.
      }
    },
  };
}
