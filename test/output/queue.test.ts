import { expect, test } from 'vitest';
import { OutputQueue } from '../../src/output/queue.ts';
import type { Sink } from '../../src/output/types.ts';
import { alertOf } from '../helpers/alerts.ts';
import { until } from '../helpers/until.ts';

/** A place whose readers a test lets wait, fail and go on. */
class Place implements Sink {
  readonly name = 'the place';
  readonly concurrency: number;
  readonly retries: boolean;
  taken: string[] = [];
  underWay = 0;
  most = 0;
  closed = false;
  failure: string | undefined;
  private release: (() => void)[] | undefined;

  constructor({ concurrency = 1, retries = true, held = false } = {}) {
    this.concurrency = concurrency;
    this.retries = retries;
    if (held) this.release = [];
  }

  async deliver({ id }: { id: string }): Promise<void> {
    this.underWay += 1;
    this.most = Math.max(this.most, this.underWay);
    if (this.release !== undefined) await new Promise<void>((resolve) => this.release?.push(resolve));
    this.underWay -= 1;
    if (this.failure !== undefined) throw new Error(this.failure);
    this.taken.push(id);
  }

  goOn(): void {
    const waiting = this.release ?? [];
    this.release = undefined;
    for (const each of waiting) each();
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function queueFor(place: Place, capacity = 3): { queue: OutputQueue; said: string[] } {
  const said: string[] = [];
  return { queue: new OutputQueue(place, ({ message }) => said.push(message), { capacity, retryMs: 5 }), said };
}

const alerts = (count: number): ReturnType<typeof alertOf>[] => Array.from({ length: count }, () => alertOf());

test('alerts come in their order, and closing waits for those that are under way', async () => {
  const place = new Place({ held: true });
  const { queue, said } = queueFor(place);
  const given = alerts(3);
  for (const alert of given) queue.push(alert);
  const closed = queue.close(60_000);
  place.goOn();
  await closed;
  expect([place.taken, place.closed, said]).toEqual([given.map(({ id }) => id), true, []]);
});

test('to fill it takes no time however slow the place is; what does not fit is dropped, counted and said', async () => {
  const place = new Place({ held: true });
  const { queue, said } = queueFor(place, 3);
  const given = alerts(10);
  for (const alert of given) queue.push(alert);
  expect(said).toEqual([expect.stringMatching(/the place does not keep up: 3 alerts wait/)]);
  place.goOn();
  await until(() => place.taken.length === 4);
  await queue.close(60_000);
  expect(place.taken).toEqual(given.slice(0, 4).map(({ id }) => id));
  expect(said.at(-1)).toBe('6 alert(s) were dropped for the place: it did not keep up');
});

test('a place that fails is tried again until it takes the alert: said once, and when it works again', async () => {
  const place = new Place();
  place.failure = 'no such socket';
  const { queue, said } = queueFor(place);
  const given = alerts(2);
  let tries = 0;
  const deliver = place.deliver.bind(place);
  place.deliver = (alert) => {
    tries += 1;
    return deliver(alert);
  };
  for (const alert of given) queue.push(alert);
  await until(() => tries > 3);
  place.failure = undefined;
  await until(() => place.taken.length === 2);
  expect(place.taken).toEqual(given.map(({ id }) => id));
  expect(said).toEqual(['the place takes no alert, it is tried again: no such socket', 'the place takes alerts again']);
  await queue.close(60_000);
});

test('a place that is not tried again names each alert that it failed for', async () => {
  const place = new Place({ retries: false });
  place.failure = 'exit code 3';
  const { queue, said } = queueFor(place);
  const [alert] = alerts(1);
  queue.push(alert!);
  await queue.close(60_000);
  expect(said).toEqual([`the place: the alert ${alert!.id} failed: exit code 3`]);
});

test('no more deliveries are under way than the place bears', async () => {
  const place = new Place({ concurrency: 2, held: true });
  const { queue } = queueFor(place, 10);
  for (const alert of alerts(6)) queue.push(alert);
  expect(place.underWay).toBe(2);
  place.goOn();
  await queue.close(60_000);
  expect([place.taken.length, place.most]).toEqual([6, 2]);
});

test('closing does not wait for a dead place, and says how many alerts it did not get', async () => {
  const place = new Place({ held: true });
  const { queue, said } = queueFor(place);
  for (const alert of alerts(2)) queue.push(alert);
  await queue.close(1);
  expect([said, place.closed]).toEqual([['2 alert(s) did not get to the place (tickward alerts has them)'], true]);
  queue.push(alertOf());
  expect(said).toHaveLength(1);
});

test('one that fails after the closing is not tried again: nothing keeps the program alive', async () => {
  const place = new Place({ held: true });
  place.failure = 'it is closed';
  const { queue, said } = queueFor(place);
  queue.push(alertOf());
  await queue.close(5);
  place.goOn();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([place.underWay, said]).toEqual([0, ['1 alert(s) did not get to the place (tickward alerts has them)']]);
});
