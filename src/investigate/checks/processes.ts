/** The maker with its ancestors and descendants, and what the unit runs now. */
import { legible } from '../../model/text.ts';
import type { MadeProcessNode } from '../process-nodes.ts';
import type { Moment, Sign } from '../result.ts';
import { FOR_EVERYONE, type Check } from './check.ts';

const COLUMNS = ['pid', 'ppid', 'role', 'now', 'user', 'name', 'executable', 'command_line', 'started'] as const;

export const processes: Check = {
  id: 'processes',
  title: { en: 'Processes: who made it, and what it runs now', 'zh-CN': '进程:谁创建了它,现在运行什么' },
  look({ processes: nodes, event }) {
    if (nodes.length === 0) return { columns: COLUMNS, rows: [], skipped: event.process === undefined ? 'the maker is not known, and nothing of the unit runs' : 'nothing is known' };
    return {
      columns: COLUMNS,
      rows: nodes.map((node) => ({ pid: String(node.pid), ppid: node.ppid === null ? '' : String(node.ppid), role: node.role, now: node.alive ? 'runs' : 'ended', user: node.user ?? '', name: legible(node.name ?? ''), executable: legible(node.executable ?? ''), command_line: legible(node.command_line ?? ''), started: node.started ?? '' })),
      signs: nodes.flatMap((node) => [...signsOf(node)]),
      moments: nodes.flatMap(({ started, pid, name, role }): Moment[] => (started === null ? [] : [{ time: started, kind: 'process', what: `${legible(name ?? '')} (pid ${pid}, ${role}) was started` }])),
    };
  },
};

function* signsOf({ pid, role, executable, alive, name }: MadeProcessNode): Iterable<Sign> {
  if (role !== 'unit' && role !== 'chain' && role !== 'descendant') return;
  const who = `process ${pid} (${legible(name ?? '')}, ${role})`;
  if (alive && executable?.endsWith(' (deleted)') === true) yield { id: 'program-deleted', weight: 'strong', text: `${who} runs a program that was deleted: ${legible(executable)}` };
  if (executable !== null && (FOR_EVERYONE.test(executable) || executable.startsWith('/memfd:'))) yield { id: 'process-from-where-all-may-write', weight: 'strong', text: `${who} runs ${legible(executable)}` };
}
