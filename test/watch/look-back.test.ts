import { expect, test } from 'vitest';
import type { Alert } from '../../src/model/event.ts';
import { createDetector } from '../../src/rule/detect.ts';
import { loadRule } from '../../src/rule/load.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { lookBack, rememberAlerts } from '../../src/watch/look-back.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

const rule = loadRule('[rule]\nrule_id = "r"\nname = "r"\ndescription = "d"\nseverity = "low"\nrisk_score = 1\ntype = "eql"\nquery = "any where true"\nfrom = "now-9m"\nmax_signals = 10\n');

/** What a process gives that starts now. */
async function started(store: Store): Promise<Alert[]> {
  const detector = createDetector([rule]);
  rememberAlerts(store, detector, Date.now(), detector.lookBackMs);
  const alerts: Alert[] = [];
  for await (const found of lookBack(store, detector, Date.now())) {
    store.alerts.append(found);
    alerts.push(...found);
  }
  return alerts;
}

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

test('events that were stored within the look-back while no rule ran alert once, older ones do not', async () => {
  const store = openStore(temporaryDirectory());
  const [old, young] = [fileEvent({ time: ago(20) }), fileEvent({ time: ago(2) })];
  store.events.append([old, young]);
  expect((await started(store)).map(({ event }) => event.event.id)).toEqual([young.event.id]);
  expect(await started(store)).toEqual([]);
  expect([...store.alerts.list()]).toHaveLength(1);
});

test('the time to detect counts from the event', async () => {
  const store = openStore(temporaryDirectory());
  const event = fileEvent({ time: ago(2) });
  store.events.append([event]);
  const [alert] = await started(store);
  expect(Date.parse(alert?.['@timestamp'] ?? '') - Date.parse(event['@timestamp'])).toBeGreaterThanOrEqual(120_000);
});

test('who restarts again and again gets no more alerts in an interval than who does not', async () => {
  const store = openStore(temporaryDirectory());
  store.events.append(Array.from({ length: 30 }, () => fileEvent({ time: ago(1) })));
  expect([(await started(store)).length, (await started(store)).length]).toEqual([10, 0]);
});

test('what another sensor told is not judged again', async () => {
  const store = openStore(temporaryDirectory());
  const event = fileEvent({ time: ago(2) });
  store.events.append([{ ...event, tickward: { ...event.tickward, source: 'import' } }]);
  expect(await started(store)).toEqual([]);
});
