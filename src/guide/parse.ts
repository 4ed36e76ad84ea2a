/** An investigation guide (Markdown, or text that was copied from a web page) as a list of steps. */
import { fromMarkdown } from 'mdast-util-from-markdown';
import { TickwardError } from '../model/errors.ts';
import { findBlocks, type Block } from './blocks.ts';

export type Step = {
  id: string;
  /** From 1, in the order of the guide. */
  index: number;
  /** The heading it stands under; for text without headings the line before the list; '' for none. */
  section: string;
  text: string;
  /** How deep it stands in lists: 0 outside, 1 in a list, 2 in a list inside one. */
  depth: number;
} & (TaskStep | { kind: 'query'; label: string; sql: string; timeout?: number; ecs_mapping?: unknown; repairs: string[] } | { kind: 'broken'; error: string });

/** A task for a person, or for a program: `<!-- tickward answers: chain, strings -->` behind its text names the checks that do it, `helps` those that only help. */
interface TaskStep {
  kind: 'task';
  checks: string[];
  /** Nothing is left for a person. */
  answered: boolean;
}

export interface Guide {
  title: string;
  steps: Step[];
  /** What could not be read, in words. */
  problems: string[];
}

export interface GuideOptions {
  /** The `[[transform.osquery]]` entries that `$osquery_N` means. */
  transforms?: readonly { label: string; query: string }[];
  file?: string;
}

type Node = ReturnType<typeof fromMarkdown>['children'][number];
type Unnumbered = Step extends infer Each ? (Each extends Step ? Omit<Each, 'id' | 'index'> : never) : never;

/** What Markdown does not show. */
const COMMENT = /<!--.*?-->/gs;
const CHECKS = /<!--\s*tickward\s+(answers|helps):\s*([\w, -]+?)\s*-->/g;

/** Private-use characters around a number stand for a block while Markdown is read: it would un-escape what is inside. */
const MARK = /\ue000(\d+)\ue001/g;

/** Characters, several times those of a long guide: reading what is nested takes time by their square. */
const MOST_TEXT = 100_000;
const DEEP_QUOTE = /^(?:[ \t]{0,3}>){100}/m;

export function parseGuide(markdown: string, options: GuideOptions = {}): Guide {
  if (markdown.length > MOST_TEXT) throw noGuide(`it has more than ${MOST_TEXT} characters`);
  if (DEEP_QUOTE.test(markdown)) throw noGuide('it is nested too deeply');
  const source = markdown.replace(/[\ue000\ue001]/g, '\ufffd');
  const problems: string[] = [];
  const blocks = findBlocks(source, options.transforms ?? [], problems);
  const walker = new Walker(blocks);
  try {
    for (const node of fromMarkdown(masked(source, blocks)).children) walker.visit(node, 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw noGuide('it is nested too deeply');
  }
  if (walker.steps.length === 0) problems.push('the guide has no step: neither an item of a list nor a query');
  const title = walker.title ?? source.split('\n').find((line) => line.trim() !== '')?.trim() ?? '';
  return { title, steps: walker.steps.map((step, index) => ({ ...step, id: String(index + 1), index: index + 1 })), problems };
}

function noGuide(reason: string): TickwardError {
  return new TickwardError('BAD_INPUT', `the guide cannot be read: ${reason}`, { hint: 'give the Markdown file of an investigation guide' });
}

function masked(source: string, blocks: readonly Block[]): string {
  let text = '';
  let position = 0;
  for (const [index, block] of blocks.entries()) {
    text += `${source.slice(position, block.start)}\ue000${index}\ue001`;
    position = block.end;
  }
  return text + source.slice(position);
}

class Walker {
  readonly steps: Unnumbered[] = [];
  title: string | undefined;
  private heading: string | undefined;
  private lineBefore = '';
  private readonly blocks: readonly Block[];

  constructor(blocks: readonly Block[]) {
    this.blocks = blocks;
  }

  visit(node: Node, depth: number): void {
    switch (node.type) {
      case 'heading':
        this.heading = textOf(node).replace(COMMENT, '').trim();
        this.title ??= this.heading;
        break;
      case 'list':
        for (const item of node.children) for (const child of item.children) this.visit(child, depth + 1);
        break;
      case 'paragraph':
        this.paragraph(textOf(node), depth);
        break;
      case 'html':
        this.attach(node.value);
        this.queries(node.value, depth);
        break;
      default:
        // Code, quotes and tables say something about the step before; blocks in them still count.
        this.queries(textOf(node), depth);
    }
  }

  /** In a list every paragraph is a step; outside only its blocks are. */
  private paragraph(text: string, depth: number): void {
    const plain = text.replace(MARK, ' ').replace(COMMENT, ' ').replace(/\s+/g, ' ').trim();
    if (depth > 0 && plain !== '') this.steps.push({ kind: 'task', section: this.section(), text: plain, depth, checks: [], answered: false });
    this.attach(text);
    if (depth === 0) this.lineBefore = text.replace(MARK, ' ').trim().split('\n').at(-1)?.trim() ?? '';
    this.queries(text, depth);
  }

  /** Checks belong to the task before them. */
  private attach(text: string): void {
    const task = this.steps.at(-1);
    if (task?.kind !== 'task') return;
    for (const [, what, names = ''] of text.matchAll(CHECKS)) {
      task.checks.push(...names.split(',').map((name) => name.trim()).filter(Boolean));
      task.answered ||= what === 'answers';
    }
  }

  private queries(text: string, depth: number): void {
    for (const match of text.matchAll(MARK)) {
      const block = this.blocks[Number(match[1])];
      if (block === undefined) continue;
      const { start: _, end: __, ...content } = block;
      const base = { section: this.section(), depth };
      this.steps.push(content.kind === 'query' ? { ...base, text: content.label, ...content } : { ...base, text: 'a query that cannot be read', ...content });
    }
  }

  private section(): string {
    return this.heading ?? this.lineBefore;
  }
}

/** The text below a node, without markup. */
function textOf(node: unknown): string {
  if (typeof node !== 'object' || node === null) return '';
  if ('type' in node && node.type === 'break') return '\n';
  if ('value' in node && typeof node.value === 'string') return node.value;
  return 'children' in node && Array.isArray(node.children) ? node.children.map(textOf).join('') : '';
}
