/** Unit files as text (systemd.syntax(7)). */
import { statSync } from 'node:fs';
import { textOfBytes } from '../model/text.ts';
import { toBytes, type HostPath } from './paths.ts';

export interface UnitEntry {
  section: string;
  key: string;
  value: string;
  line: number;
}

/** systemd reads lines of at most 1 MiB (LONG_LINE_MAX); a unit of more than that is not read further. */
export const MOST_UNIT_BYTES = 1024 ** 2;

/**
 * Whether systemd would take seconds to read them: some 600,000 lines of nothing a second, in which the first process does nothing else. To ask for a unit that it has not loaded
 * makes it read its files.
 */
export function isSlowToRead(paths: readonly HostPath[]): boolean {
  return paths.some((path) => sizeOf(path) > MOST_UNIT_BYTES);
}

/** 0 of what leads nowhere (a link to itself, a name that is too long) or may not be looked at: whoever may make a link beside a unit must not end what looks at it. */
function sizeOf(path: HostPath): number {
  try {
    return statSync(toBytes(path)).size;
  } catch {
    return 0;
  }
}

/** A pattern (systemctl(1)) that this unit alone matches, once it is loaded: patterns make nothing be loaded. For properties of what is loaded systemd reads its files all the same. */
export function ifLoaded(unit: string): string {
  return unit.replaceAll('\\', '?').replace(/[a-z]$/, '[$&]');
}

/** Where a mount unit mounts, by its name: `-` stands for `/`, `\xNN` for any other byte (systemd.unit(5), "String Escaping"). */
export function mountPointOf(unit: string): string {
  const name = unit.replace(/\.mount$/, '');
  const bytes = name.replaceAll('-', '/').replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return name === '-' ? '/' : `/${textOfBytes(Buffer.from(bytes, 'latin1'))}`;
}

/** Values of a setting over a unit's files in their order: an empty one takes back all before it (systemd.syntax(7)). */
export function listOf(entries: readonly UnitEntry[], section: string, key: string): string[] {
  const values: string[] = [];
  for (const entry of entries) {
    if (entry.section !== section || entry.key !== key) continue;
    if (entry.value === '') values.length = 0;
    else values.push(entry.value);
  }
  return values;
}

/** The last value of a setting, which is the one that counts; undefined where it is not set. */
export function lastOf(entries: readonly UnitEntry[], section: string, key: string): string | undefined {
  return listOf(entries, section, key).at(-1);
}

/** systemd.syntax(7): any of these, in any case. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(?:1|y|yes|t|true|on)$/i.test(value);
}

/** Every assignment in its order; an empty value, which resets a list, is kept. Never throws: what is no assignment is passed over, as systemd does. */
export function parseUnit(text: string): UnitEntry[] {
  const entries: UnitEntry[] = [];
  let section = '';
  for (const { text: line, number } of logicalLines(text)) {
    const header = line.startsWith('[') ? /^\[([^\]]*)\]$/.exec(line) : null;
    const cut = line.indexOf('=');
    if (header !== null) section = header[1] ?? '';
    else if (cut > 0 && section !== '') entries.push({ section, key: line.slice(0, cut).trimEnd(), value: line.slice(cut + 1).trimStart(), line: number });
  }
  return entries;
}

/** A backslash at the end of a line continues it; comments between continued lines are passed over. */
function* logicalLines(text: string): Generator<{ text: string; number: number }> {
  // Parts are joined once, at the end: a file may be one line of half a million.
  let pending: string[] = [];
  let start = 0;
  let number = 0;
  for (const raw of text.split('\n')) {
    number += 1;
    const line = raw.trim();
    if (line.startsWith('#') || line.startsWith(';') || (pending.length === 0 && line === '')) continue;
    if (pending.length === 0) start = number;
    const isContinued = line.endsWith('\\');
    pending.push(isContinued ? line.slice(0, -1).trimEnd() : line);
    if (isContinued) continue;
    yield { text: pending.join(' '), number: start };
    pending = [];
  }
  if (pending.length > 0) yield { text: pending.join(' '), number: start };
}

/** `a@.timer` of `a@x.timer`; the unit itself where it is of no template. */
export function templateOf(unit: string): string {
  return unit.replace(/@.*(?=\.[a-z]+$)/, '@');
}
