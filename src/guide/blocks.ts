/** Finding `!{osquery{…}}` blocks and `$osquery_N` references in a guide's raw source. */
import { messageOf, placeAt } from '../model/errors.ts';

export type Block = { start: number; end: number } & (
  | { kind: 'query'; label: string; sql: string; timeout?: number; ecs_mapping?: unknown; repairs: string[] }
  | { kind: 'broken'; error: string }
);

const OPENING = '!{osquery{';
const REFERENCE = /\$osquery_(\d+)/g;

/** In order of the text. Places of errors are those of the source. */
export function findBlocks(source: string, transforms: readonly { label: string; query: string }[], problems: string[]): Block[] {
  const blocks: Block[] = [];
  for (let start = source.indexOf(OPENING); start >= 0; start = source.indexOf(OPENING, blocks.at(-1)?.end ?? 0)) blocks.push(blockAt(source, start));
  for (const match of source.matchAll(REFERENCE)) {
    if (blocks.some((block) => block.start <= match.index && match.index < block.end)) continue;
    const transform = transforms[Number(match[1])];
    if (transform === undefined) problems.push(`${match[0]} refers to a query that the rule does not have: it stays as text`);
    else blocks.push({ start: match.index, end: match.index + match[0].length, kind: 'query', label: transform.label, sql: transform.query, repairs: [] });
  }
  return blocks.sort((a, b) => a.start - b.start);
}

function blockAt(source: string, start: number): Block {
  const open = start + OPENING.length - 1;
  const close = closingBrace(source, open);
  if (close === undefined || source[close + 1] !== '}') {
    const end = close === undefined ? lineEnd(source, start) : close + 1;
    return { kind: 'broken', start, end, error: at(source, start, 'the block does not end: }} is missing') };
  }
  const end = close + 2;
  const json = source.slice(open, close + 1);
  const repairs: string[] = [];
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (first) {
    const mended = escapeLineBreaks(json);
    try {
      value = JSON.parse(mended);
      repairs.push('line breaks inside the JSON text escaped');
    } catch {
      const offset = Number(/position (\d+)/.exec(messageOf(first))?.[1] ?? 0);
      return { kind: 'broken', start, end, error: at(source, open + offset, `the block is no JSON: ${messageOf(first).replace(/ in JSON at position.*$/s, '')}`) };
    }
  }
  if (!isQuery(value)) return { kind: 'broken', start, end, error: at(source, open, 'the block has no "label" and "query" of text') };
  return {
    kind: 'query',
    start,
    end,
    label: value.label,
    sql: value.query,
    repairs,
    ...(typeof value.timeout === 'number' ? { timeout: value.timeout } : {}),
    ...(value.ecs_mapping === undefined ? {} : { ecs_mapping: value.ecs_mapping }),
  };
}

function isQuery(value: unknown): value is { label: string; query: string; timeout?: unknown; ecs_mapping?: unknown } {
  return typeof value === 'object' && value !== null && 'label' in value && 'query' in value && typeof value.label === 'string' && typeof value.query === 'string';
}

/** The brace that closes the one at `open`; braces inside JSON strings do not count. */
function closingBrace(source: string, open: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = open; index < source.length; index += 1) {
    const character = source[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return undefined;
}

/** Copies from web pages have real line breaks where JSON wants \n. */
function escapeLineBreaks(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/gs, (text) => text.replace(/\r?\n/g, '\\n').replace(/\t/g, '\\t'));
}

function lineEnd(source: string, from: number): number {
  const found = source.indexOf('\n', from);
  return found < 0 ? source.length : found;
}

function at(source: string, offset: number, message: string): string {
  const { line, column, excerpt } = placeAt(source, offset);
  return `line ${line}, column ${column}: ${message}\n${excerpt}`;
}
