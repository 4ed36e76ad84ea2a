import type { Engine } from '../sql/index.ts';

/** The same engine, asked one thing at a time: an osqueryd has one connection for us, the embedded engine one thread, and the deadline of a query is not to pass while another runs. */
export function inTurn(engine: Engine): Engine {
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: engine.name,
    available: () => engine.available(),
    close: () => engine.close(),
    query(sql, options) {
      const result = last.then(() => engine.query(sql, options));
      last = result.catch(() => undefined);
      return result;
    },
  };
}
