/** Queries that osqueryd is given from outside and answers at once (`--distributed_plugin=NAME --disable_distributed=false`), by the requests of osquery's DistributedPlugin::call. */
import { DONE, needed, type Answer, type Plugin } from './plugin.ts';
import type { StringMap } from './types.ts';

export interface DistributedQueries {
  /** SQL by the name under which its result comes back. */
  queries: Record<string, string>;
  /** By the same names: a query is run only where this one has rows. */
  discovery?: Record<string, string>;
}

export interface DistributedResult {
  name: string;
  /** osquery's status: 0 is good. */
  status: number;
  message: string;
  rows: StringMap[];
}

export interface Distributed {
  name: string;
  /** Asked every `--distributed_interval` seconds. */
  queries(): DistributedQueries | Promise<DistributedQueries>;
  results(results: DistributedResult[]): void | Promise<void>;
}

export function distributedPlugin(distributed: Distributed): Plugin {
  return { registry: 'distributed', name: distributed.name, routes: [], call: (request) => answer(distributed, request) };
}

async function answer(distributed: Distributed, request: StringMap): Promise<Answer> {
  const action = needed(request, 'action', 'a distributed plugin');
  if (action === 'getQueries') return { rows: [{ results: JSON.stringify(await distributed.queries()) }] };
  if (action !== 'writeResults') throw new TypeError(`the distributed plugin ${distributed.name} knows no action ${action}`);
  await distributed.results(resultsOf(needed(request, 'results', action)));
  return DONE;
}

/** `{"queries":{name:rows},"statuses":{name:code},"messages":{name:text}}`: rows are '' where a query failed, codes come as numbers or as texts. */
function resultsOf(json: string): DistributedResult[] {
  const sent = JSON.parse(json) as { queries?: Record<string, unknown>; statuses?: Record<string, unknown>; messages?: Record<string, unknown> };
  return Object.entries(sent.queries ?? {}).map(([name, rows]) => ({
    name,
    status: Number(sent.statuses?.[name] ?? 0),
    message: String(sent.messages?.[name] ?? ''),
    rows: Array.isArray(rows) ? (rows as StringMap[]) : [],
  }));
}
