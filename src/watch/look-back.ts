/** What was stored within the look-back of the rules before this process judged: by a sensor without these rules, or one that ended before it came to it. */
import { setImmediate } from 'node:timers/promises';
import type { Alert } from '../model/event.ts';
import type { Detector } from '../rule/detect.ts';
import type { Store } from '../store/index.ts';

/** So long it works before the sensor has its turn, in ms. */
const TURN_MS = 5;

/** Tells the detector what alerted already, so that nothing alerts twice and `max_signals` outlives a restart. `reachMs` is the longest that it has to know of. */
export function rememberAlerts(store: Pick<Store, 'alerts'>, detector: Detector, now: number, reachMs: number): void {
  for (const alert of store.alerts.list({ since: now - reachMs })) detector.remember(alert);
}

/** The alerts for stored events up to `until` (ms), a few at a time. */
export async function* lookBack(store: Pick<Store, 'events'>, detector: Detector, until: number): AsyncGenerator<Alert[]> {
  let turn = performance.now();
  for (const event of store.events.list({ since: until - detector.lookBackMs, until })) {
    // What another sensor told was judged when it was read, by more than is stored of it.
    const alerts = event.tickward.source === 'import' ? [] : detector.judgeStored(event, Date.now());
    if (alerts.length > 0) yield alerts;
    if (performance.now() - turn < TURN_MS) continue;
    await setImmediate();
    turn = performance.now();
  }
}
