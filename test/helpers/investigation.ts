/** A made-up investigation for tests of what shows one. */
import type { InvestigatedStep, Investigation, ProcessNode } from '../../src/investigate/result.ts';
import { fileEvent } from './events.ts';

export function stepOf(changes: Partial<InvestigatedStep> = {}): InvestigatedStep {
  return { id: '1', title: 'The timer file', kind: 'query', section: 'Triage', sql: 'SELECT * FROM file', engine: 'embedded', columns: [], rows: [], repairs: [], warnings: [], skipped: null, error: null, needs_person: null, checks: [], answer: null, signs: [], ...changes };
}

export function taskOf(title: string, changes: Partial<InvestigatedStep> = {}): InvestigatedStep {
  return stepOf({ title, kind: 'task', sql: null, engine: null, needs_person: title, ...changes });
}

export function processOf(pid: number, ppid: number | null, changes: Partial<ProcessNode> = {}): ProcessNode {
  return { pid, ppid, name: `p${pid}`, executable: `/usr/bin/p${pid}`, command_line: `p${pid} --run`, user: 'root', started: '2026-11-24T22:40:00.000Z', role: 'ancestor', alive: true, connections: [], ...changes };
}

/** The timer of an attacker who came in by ssh. */
export function investigationOf(changes: Partial<Investigation> = {}): Investigation {
  const made = fileEvent({ path: '/etc/systemd/system/evil.timer', time: '2026-11-24T22:46:26.208Z' });
  const event = { ...made, host: { ...made.host, name: 'web1' }, tickward: { ...made.tickward, attribution: 'exact' as const, directives: ['Timer.OnCalendar=*:0/5', 'Timer.Persistent=true'] } };
  const strong = { id: 'downloads-and-runs', weight: 'strong' as const, text: 'ExecStart fetches something from the network and runs it', from: 'chain' };
  return {
    alert: '01a20fbd2ea000013ae46580-33b8f6cd',
    event,
    guide: { title: 'A systemd timer was created', problems: [] },
    engine: 'embedded',
    started: '2026-11-24T22:50:00.000Z',
    took_ms: 412,
    verdict: { level: 'suspicious', reasons: [strong.text], signs: [strong, { id: 'owned', weight: 'harmless', text: 'root edits units here every week', from: 'event' }], open: ['2 steps of the guide need a person'] },
    steps: [
      stepOf({ id: '1', columns: ['path', 'uid', 'mode', 'size'], rows: [{ path: event.file.path, uid: '0', mode: '0644', size: '8' }] }),
      stepOf({ id: 'chain', title: 'The files that it runs', kind: 'check', sql: null, engine: null, columns: ['path', 'kind'], rows: [{ path: '/bin/sh', kind: 'binary' }, { path: '/opt/x.sh', kind: 'script' }], signs: [strong] }),
      taskOf('Was the change planned?', { id: '3', checks: ['chain'] }),
    ],
    indicators: { paths: [event.file.path], hashes: ['ab'.repeat(32)], executables: ['/usr/bin/dash'], command_lines: ['sh -c evil'], users: ['root'], urls: ['http://evil.example/x.sh'], domains: ['evil.example'], addresses: ['203.0.113.7', '2001:db8::7'] },
    timeline: [
      { time: '2026-11-24T10:00:00.000Z', kind: 'package', what: 'curl was installed' },
      { time: '2026-11-24T22:40:00.000Z', kind: 'login', what: 'root from 203.0.113.7' },
      { time: event['@timestamp'], kind: 'event', what: 'evil.timer was created', subject: true },
      { time: '2026-11-24T22:46:26.250Z', kind: 'alert', what: 'Systemd Timer Created' },
    ],
    processes: [processOf(1, null, { name: 'systemd' }), processOf(4200, 1, { name: 'sshd' }), processOf(4242, 4200, { name: 'sh', role: 'maker', alive: false, connections: ['tcp 203.0.113.7:4444 ESTABLISHED'] })],
    ...changes,
  };
}

/** Markup, quotes, braces of templates, what reorders, hides, colours or ends text, halves of characters. */
export const HOSTILE = `</style></pre></textarea>--><script>document.title='PWNED'</script><img src=x onerror="document.title='PWNED'"><svg onload="document.title='PWNED'">{{title}}{{{style}}} "'\`= \u202egnp.exe\u0007\u001b[31m\u200b\ud800 \udcff &lt;`;

/** Those that are not free text: what has a fixed set of values, times, and what links one part to another. */
const FIXED = new Set(['@timestamp', 'time', 'started', 'action', 'unit_type', 'attribution', 'kind', 'role', 'level', 'weight', 'answer', 'id', 'from', 'checks', 'columns']);

/** The same investigation with this for every text that a host, a guide or an attacker may have written. */
export function everyText(investigation: Investigation, text: string): Investigation {
  return JSON.parse(JSON.stringify(investigation), (key, value: unknown) => {
    return typeof value === 'string' && !FIXED.has(key) ? text : value;
  }) as Investigation;
}
