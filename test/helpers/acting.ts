/** Actions carried out on a booted host. */
import type { Change, Plan, UndoReport, Verdict } from '../../src/actions/index.ts';
import { CHECKOUT, type Booted } from './booted.ts';
import { programOf } from './program.ts';

export interface Acted {
  plan: Omit<Plan, 'data'>;
  changes?: Change[];
  remarks?: string[];
  verdict?: Verdict;
  error?: string;
}

/** On the host. */
export const ACT_THERE = ['sh', `${CHECKOUT}/src/node.sh`, programOf('test/helpers/act-there', CHECKOUT)];

export function actingOn(host: Booted, name: string): { plan(params: object, context?: object): Acted; apply(params: object, context?: object): Acted; undo(): UndoReport } {
  const act = (verb: string, params: object, context: object = {}): unknown => {
    const { stdout, stderr } = host.run([...ACT_THERE, verb, name, JSON.stringify(params), '{"path":"/etc/systemd/system/evil.timer","unit":"evil.timer","scope":"system"}', JSON.stringify(context)], { timeout: 60_000 });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  };
  return {
    plan: (params, context) => act('plan', params, context) as Acted,
    apply: (params, context) => act('apply', params, context) as Acted,
    undo: () => (act('undo', {}) as { undo: UndoReport }).undo,
  };
}
