/** Keeps an isolation that would end by itself: whoever confirms it could come back. */
import { z } from 'zod';
import { TickwardError } from '../model/errors.ts';
import type { Action } from './action.ts';
import { worded } from './journal-forms.ts';
import { isolationNow } from './packet-filter.ts';
import { undoAtOnce } from './undoing.ts';

const params = z.strictObject({
  /** From now on; 0: until it is released. */
  seconds: z.int().min(0).max(30 * 86_400).default(0),
});

type Params = z.infer<typeof params>;

interface Data {
  seconds: number;
  run: string;
}

export const confirmIsolation: Action<Params, Data> = {
  name: 'confirm_isolation',
  summary: 'keeps an isolation that would end by itself, once you know that you can still get in',
  example: 'action: confirm_isolation\nparams: {seconds: 86400}',
  needs: ['root'],
  undoable: true,
  reversible: 'the isolation ends by itself again, after the time that was left to it',
  params,

  async plan({ seconds }, context) {
    const steps = [{ text: `keep the isolation ${seconds === 0 ? 'until it is released' : `for ${seconds} s more`}`, target: 'packet filter' }];
    const data = { seconds, run: '' };
    if (context.uid !== 0) return { state: 'blocked', reason: 'only root may change the packet filter: run as root', steps, notes: [], data };
    const { now } = await isolationNow();
    if (now === undefined || now.missing.length > 0) return { state: 'blocked', reason: now === undefined ? 'the host is not isolated' : `the host is not isolated any more: ${now.missing.join('; ')}`, steps, notes: [], data };
    const planned = { notes: now.gaps, data: { seconds, run: now.run } };
    if (seconds === 0 && now.expires === undefined) return { state: 'nothing-to-do', reason: 'the isolation stays until it is released already', steps: [], ...planned };
    return { state: 'ready', steps, ...planned };
  },

  async apply(plan, _context, record) {
    const [step] = plan.steps;
    const { filter, now } = await isolationNow();
    if (now === undefined || now.missing.length > 0) throw new TickwardError('FAILED', 'the isolation ended before it was confirmed', { hint: 'isolate the host again: tickward isolate' });
    record(worded(step?.text, { kind: 'confirmed', run: now.run, seconds: plan.data.seconds, before: now.expires ?? 0 }));
    await filter.expireIn(plan.data.seconds);
    return [];
  },

  async verify({ data }) {
    const { now } = await isolationNow();
    if (now === undefined || now.missing.length > 0) return { ok: false, text: now === undefined ? 'the host is not isolated' : now.missing.join('; ') };
    const isKept = data.seconds === 0 ? now.expires === undefined : now.expires !== undefined;
    return isKept ? { ok: true, text: `isolated ${now.expires === undefined ? 'until it is released' : `for ${now.expires} s more`}` } : { ok: false, text: 'the time of the isolation was not changed' };
  },

  undo: (changes) => undoAtOnce(async ({ done, already }) => {
    const oldest = changes.findLast(({ data }) => data['kind'] === 'confirmed');
    const { run, before } = oldest?.data ?? {};
    if (typeof run !== 'string' || typeof before !== 'number') return;
    const { filter, now } = await isolationNow();
    if (now?.run !== run || now.missing.length > 0) return void already.push('the isolation was gone already');
    await filter.expireIn(before);
    done.push(before === 0 ? 'the isolation stays until it is released' : `the isolation ends by itself in ${before} s`);
  }),
};
