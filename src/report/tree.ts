/** The tree of processes, laid out for an SVG whose width is that of the page: places from the left in pixels, the text cut by the browser. */
import type { ProcessNode } from '../investigate/result.ts';
import { defang } from '../model/defang.ts';
import { clock, say, shown } from './shown.ts';
import type { Words } from './words.ts';

const MOST_NODES = 150;
const MOST_CONNECTIONS = 3;
/** Deeper ones stand below each other: on a narrow screen their text has room all the same. */
export const MOST_DEPTH = 12;
export const INDENT = 14;
const LINE = 18;
const GAP = 8;
const DOT = 8;

export interface NodeView {
  depth: number;
  x: number;
  y: number;
  height: number;
  dotX: number;
  dotY: number;
  /** The line from the parent; '' for a root. */
  path: string;
  maker: boolean;
  alive: boolean;
  pid: string;
  name: string;
  roleWord: string;
  user: string;
  command: string;
  connections: string[];
}

export interface TreeView {
  height: number;
  nodes: NodeView[];
  /** All that is known of each, in the same order. */
  rows: { pid: string; parent: string; user: string; started: string; program: string; command: string; connections: string[]; roleWord: string; alive: boolean }[];
  cut: string | null;
}

export function treeOf(all: readonly ProcessNode[], words: Words, file: string): TreeView {
  const placed: NodeView[] = [];
  const ordered = inOrder(all).slice(0, MOST_NODES);
  const dots = new Map<ProcessNode, NodeView>();
  let y = 0;
  for (const { node, depth, parent } of ordered) {
    const view = viewOf(node, Math.min(depth, MOST_DEPTH), y, parent === undefined ? undefined : dots.get(parent), words);
    dots.set(node, view);
    placed.push(view);
    y += view.height + GAP;
  }
  return {
    height: Math.max(0, y - GAP),
    nodes: placed,
    rows: ordered.map(({ node }) => rowOf(node, words)),
    cut: ordered.length === all.length ? null : say(words.cutOthers, { shown: ordered.length, all: all.length, file }),
  };
}

interface Ordered {
  node: ProcessNode;
  depth: number;
  parent: ProcessNode | undefined;
}

/** Each once, a child after its parent. Where pids lead in a circle, as those that were given again may, it is opened at its first. */
function inOrder(all: readonly ProcessNode[]): Ordered[] {
  const children = Map.groupBy(all, ({ ppid }) => ppid);
  const pids = new Set(all.map(({ pid }) => pid));
  const seen = new Set<ProcessNode>();
  const ordered: Ordered[] = [];
  const roots = all.filter(({ ppid, pid }) => ppid === null || ppid === pid || !pids.has(ppid));
  for (const root of [...roots, ...all]) {
    const waiting: Ordered[] = [{ node: root, depth: 0, parent: undefined }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { node, depth } = next;
      if (seen.has(node)) continue;
      seen.add(node);
      ordered.push(next);
      for (const child of (children.get(node.pid) ?? []).toReversed()) waiting.push({ node: child, depth: depth + 1, parent: node });
    }
  }
  return ordered;
}

function viewOf(node: ProcessNode, depth: number, y: number, parent: NodeView | undefined, words: Words): NodeView {
  const connections = connectionsOf(node);
  const more = connections.length - MOST_CONNECTIONS;
  const listed = more > 0 ? [...connections.slice(0, MOST_CONNECTIONS), `… (+${more})`] : connections;
  const dotX = DOT + depth * INDENT;
  const dotY = y + LINE / 2;
  return {
    depth,
    x: dotX + DOT + 4,
    y,
    height: LINE * (2 + listed.length),
    dotX,
    dotY,
    path: parent === undefined ? '' : parent.dotX < dotX ? `M${parent.dotX} ${parent.dotY}V${dotY}H${dotX}` : `M${dotX} ${parent.dotY}V${dotY}`,
    maker: node.role === 'maker',
    alive: node.alive,
    pid: String(node.pid),
    name: shown(node.name ?? node.executable ?? words.notKnown, 80),
    roleWord: words.role[node.role],
    user: shown(node.user ?? '', 80),
    command: shown(node.command_line ?? node.executable ?? '', 300),
    connections: listed,
  };
}

function rowOf(node: ProcessNode, words: Words): TreeView['rows'][number] {
  return {
    pid: String(node.pid),
    parent: node.ppid === null ? '' : String(node.ppid),
    user: shown(node.user ?? ''),
    started: node.started === null ? '' : clock(node.started),
    program: shown(node.executable ?? node.name ?? ''),
    command: shown(node.command_line ?? ''),
    connections: connectionsOf(node).slice(0, 50),
    roleWord: words.role[node.role],
    alive: node.alive,
  };
}

function connectionsOf(node: ProcessNode): string[] {
  return node.connections.map((connection) => shown(connection.split(' ').map(defangEnd).join(' '), 120));
}

/** An address with a port: `10.0.0[.]1:4444`, `[2001:db8:[:]1]:443`. */
function defangEnd(word: string): string {
  const [, address, port] = /^\[?([0-9a-f.:]+?)\]?(:\d+)$/i.exec(word) ?? [];
  return address === undefined || port === undefined ? word : `${defang(address)}${port}`;
}
