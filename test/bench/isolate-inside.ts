/** Program: isolates the network namespace that it runs in by the action itself, keeps it so for a while, releases it, and prints the times in ms since the epoch. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createHostContext, type ActionContext } from '../../src/actions/index.ts';
import { isolate } from '../../src/actions/isolate.ts';
import { release } from '../../src/actions/release.ts';

/** The flood runs before, while it is isolated, and after. */
const WHILE_MS = 500;

const now = (): number => performance.timeOrigin + performance.now();
const context: ActionContext = { ...createHostContext({ quarantine: '/nonexistent' }), target: { path: '/', unit: '', scope: 'system' }, run: 'bench', step: 'isolate' };
await sleep(WHILE_MS);
const started = now();
const plan = await isolate.plan(isolate.params.parse({ force: true }), context);
if (plan.state !== 'ready') throw new Error(plan.reason);
let announced = 0;
await isolate.apply(plan, context, () => (announced ||= now()));
const ended = now();
await sleep(WHILE_MS);
const releasing = now();
const releasePlan = await release.plan({}, context);
await release.apply(releasePlan, context, () => {});
await sleep(WHILE_MS);
console.log(JSON.stringify({ started, announced, ended, releasing }));
