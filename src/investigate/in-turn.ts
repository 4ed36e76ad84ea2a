import type { Engine } from '../sql/index.ts';

export interface TakingTurns extends Engine {
  /** Waits until nothing else is asked, and keeps others waiting until the work is done. */
  turn<Result>(work: () => Result | Promise<Result>): Promise<Result>;
}

/** The same engine, asked one thing at a time: an osqueryd has one connection for us, the embedded engine one thread, and the deadline of a query is not to pass while another runs. */
export function inTurn(engine: Engine): TakingTurns {
  let last: Promise<unknown> = Promise.resolve();
  const turn = <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return { name: engine.name, available: () => engine.available(), close: () => engine.close(), turn, query: (sql, options) => turn(() => engine.query(sql, options)) };
}
