/** Ends the isolation of the host, whichever run made it. */
import { z } from 'zod';
import type { Action } from './action.ts';
import { endConnectionsBut } from './connections.ts';
import { endText } from './isolate.ts';
import { worded } from './journal-forms.ts';
import { isolationNow } from './packet-filter.ts';
import { undoAtOnce } from './undoing.ts';

const params = z.strictObject({});

interface Data {
  run: string;
}

export const release: Action<z.infer<typeof params>, Data> = {
  name: 'release',
  summary: 'ends the isolation of the host',
  example: 'action: release',
  needs: ['root'],
  undoable: true,
  reversible: 'the host is isolated again by the same rules, with the time that was left',
  params,

  async plan(_given, context) {
    const none = { run: '' };
    if (context.uid !== 0) return { state: 'blocked', reason: 'only root may change the packet filter: run as root', steps: [{ text: 'end the isolation', target: 'packet filter' }], notes: [], data: none };
    const { now } = await isolationNow();
    if (now === undefined) return { state: 'nothing-to-do', reason: 'the host is not isolated', steps: [], notes: [], data: none };
    const cut = now.missing.length === 0;
    const steps = [{ text: `end the isolation of run ${now.run}${cut ? endText(now) : ''}${cut ? ': end the connections that were opened meanwhile' : ''}, take its rules out`, target: 'packet filter' }];
    return { state: 'ready', steps, notes: cut ? [] : [`it cut nothing any more: ${now.missing.join('; ')}`], data: { run: now.run } };
  },

  async apply(plan, _context, record) {
    const [step] = plan.steps;
    const { filter, now } = await isolationNow();
    if (now === undefined) return ['the isolation was gone already'];
    const whole = now.missing.length === 0;
    // Rules that cut nothing any more are not brought back.
    record(worded(step?.text, { kind: 'released', run: now.run, rules: whole ? await filter.save() : '' }));
    const remarks = whole ? await endConnectionsBut(now.peers) : [];
    await filter.remove();
    return remarks;
  },

  async verify() {
    return (await isolationNow()).now === undefined ? { ok: true, text: 'the host is not isolated' } : { ok: false, text: 'the rules of the isolation are still there' };
  },

  undo: (changes) => undoAtOnce(async ({ done, already }) => {
    const oldest = changes.findLast(({ data }) => data['kind'] === 'released');
    const { run, rules } = oldest?.data ?? {};
    if (typeof run !== 'string' || typeof rules !== 'string' || rules === '') return;
    const { filter, now } = await isolationNow();
    if (now !== undefined) return void already.push(`the host is isolated, by run ${now.run}`);
    await filter.restore(rules);
    done.push(`the host is isolated again, as run ${run} did`);
  }),
};
