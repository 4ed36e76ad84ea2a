/** The only list of commands, in the order in which --help shows them. Each is loaded when it is named: what one needs, the others do not wait for. */
import type { Register } from '../context.ts';

export const commands: readonly { name: string; load: () => Promise<Register> }[] = [
  { name: 'drill', load: async () => (await import('./drill.ts')).drill },
  { name: 'watch', load: async () => (await import('./watch.ts')).watch },
  { name: 'events', load: async () => (await import('./events.ts')).events },
  { name: 'alerts', load: async () => (await import('./alerts.ts')).alerts },
  { name: 'exception', load: async () => (await import('./exception.ts')).exception },
  { name: 'timers', load: async () => (await import('./timers.ts')).timers },
  { name: 'query', load: async () => (await import('./query.ts')).query },
  { name: 'investigate', load: async () => (await import('./investigate.ts')).investigate },
  { name: 'respond', load: async () => (await import('./respond.ts')).respond },
  { name: 'undo', load: async () => (await import('./undo.ts')).undo },
  { name: 'restore', load: async () => (await import('./restore.ts')).restore },
  { name: 'runs', load: async () => (await import('./runs.ts')).runs },
  { name: 'isolate', load: async () => (await import('./isolate.ts')).isolate },
  { name: 'release', load: async () => (await import('./isolate.ts')).release },
  { name: 'rule', load: async () => (await import('./rule.ts')).rule },
  { name: 'playbook', load: async () => (await import('./playbook.ts')).playbook },
  { name: 'guide', load: async () => (await import('./guide.ts')).guide },
  { name: 'pack', load: async () => (await import('./pack.ts')).pack },
  { name: 'fleet', load: async () => (await import('./fleet.ts')).fleet },
  { name: 'doctor', load: async () => (await import('./doctor.ts')).doctor },
  { name: 'completion', load: async () => (await import('./completion.ts')).completion },
];

/** These are about all the others. */
const ABOUT_ALL = ['help', 'completion'];
const VERSION_ONLY = ['--version', '-V'];

/** Those that the arguments name anywhere; all of them where they name none, as for --help. */
export async function loadCommands(given: readonly string[]): Promise<Register[]> {
  if (given.length === 1 && VERSION_ONLY.includes(given[0] ?? '')) return [];
  const named = commands.filter(({ name }) => given.includes(name));
  return Promise.all((named.length > 0 && !ABOUT_ALL.some((name) => given.includes(name)) ? named : commands).map(({ load }) => load()));
}
