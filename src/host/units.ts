/** Unit files as text (systemd.syntax(7)). */

export interface UnitEntry {
  section: string;
  key: string;
  value: string;
  line: number;
}

/** Every assignment in its order; an empty value, which resets a list, is kept. Never throws: what is no assignment is passed over, as systemd does. */
export function parseUnit(text: string): UnitEntry[] {
  const entries: UnitEntry[] = [];
  let section = '';
  for (const { text: line, number } of logicalLines(text)) {
    const header = /^\[([^\]]*)\]$/.exec(line);
    const cut = line.indexOf('=');
    if (header !== null) section = header[1] ?? '';
    else if (cut > 0 && section !== '') entries.push({ section, key: line.slice(0, cut).trimEnd(), value: line.slice(cut + 1).trimStart(), line: number });
  }
  return entries;
}

/** A backslash at the end of a line continues it; comments between continued lines are passed over. */
function* logicalLines(text: string): Generator<{ text: string; number: number }> {
  let pending: { text: string; number: number } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (/^[#;]/.test(line) || (pending === undefined && line === '')) continue;
    const joined: { text: string; number: number } = { text: pending === undefined ? line : `${pending.text} ${line}`, number: pending?.number ?? index + 1 };
    pending = joined.text.endsWith('\\') ? { text: joined.text.slice(0, -1).trimEnd(), number: joined.number } : undefined;
    if (pending === undefined) yield joined;
  }
  if (pending !== undefined) yield pending;
}
