/** Blocks of our own in a hosts file (hosts(5)): names that lead nowhere, between marks. Pure. */

/** Of a block, made by us: 12 hexadecimal digits. */
const ID = '[0-9a-f]{12}';
const BEGIN = new RegExp(`^# tickward block (${ID}) begin\\b(?: until (\\S+Z):)?`);
const NOWHERE = ['0.0.0.0', '::'];

/** Names that lead nowhere, until it is taken out; `until`: when that is, in milliseconds since 1970, where it is known. */
export interface HostsBlock {
  names: string[];
  until?: number;
}

/** In front of all else: of several lines with a name the first counts. */
export function withBlock(content: string, id: string, { names, until }: HostsBlock, comment: string): string {
  return `${[`# tickward block ${id} begin${until === undefined ? '' : ` until ${new Date(until).toISOString()}`}: ${comment.replace(/[^\x20-\x7e]/g, '')}`, ...linesFor(names), `# tickward block ${id} end`].join('\n')}\n${withoutBlock(content, id)}`;
}

/** Also where somebody took a part of it out by hand: no line that is not ours goes. */
export function withoutBlock(content: string, id: string): string {
  const kept: string[] = [];
  let inside = false;
  for (const line of content.split('\n')) {
    if (BEGIN.exec(line)?.[1] === id) inside = true;
    else if (line === `# tickward block ${id} end`) inside = false;
    else if (!inside || !isOurs(line)) {
      kept.push(line);
      inside = false;
    }
  }
  return kept.join('\n');
}

/** Blocks of ours, by their id. */
export function blocksIn(content: string): Map<string, HostsBlock> {
  const blocks = new Map<string, HostsBlock>();
  let names: string[] | undefined;
  for (const line of content.split('\n')) {
    const [, id, end] = BEGIN.exec(line) ?? [];
    if (id !== undefined) blocks.set(id, { names: (names = []), ...(end === undefined ? {} : { until: Date.parse(end) }) });
    else if (names !== undefined && isOurs(line)) {
      const name = line.split(' ')[1] ?? '';
      if (!names.includes(name)) names.push(name);
    } else names = undefined;
  }
  return blocks;
}

function linesFor(domains: readonly string[]): string[] {
  return domains.flatMap((name) => NOWHERE.map((address) => `${address} ${name}`));
}

function isOurs(line: string): boolean {
  return /^(?:0\.0\.0\.0|::) [a-z0-9._-]+$/.test(line);
}
