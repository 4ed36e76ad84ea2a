/** The journal's last entry, noted beside its database: a chain does not tell by itself that its end was cut off. */
import { readFileSync } from 'node:fs';
import { writeWhole } from './whole-file.ts';

export interface Head {
  seq: number;
  hash: string;
}

const FORM = /^(\d{1,15}) ([0-9a-f]{64})\n$/;

/** Written after the entry itself is on disk: after a crash in between it is one behind, never ahead. */
export function writeHead(path: string, { seq, hash }: Head): void {
  writeWhole(`${path}.head`, `${seq} ${hash}\n`);
}

/** Undefined where there is none, or none that can be read. */
export function readHead(path: string): Head | undefined {
  try {
    const [, seq, hash = ''] = FORM.exec(readFileSync(`${path}.head`, 'latin1')) ?? [];
    return seq === undefined ? undefined : { seq: Number(seq), hash };
  } catch {
    return undefined;
  }
}
