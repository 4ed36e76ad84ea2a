/** Where osqueryd's logs go (`--logger_plugin=NAME`), by the requests of osquery's LoggerPlugin::call. */
import { DONE, needed, type Answer, type Plugin } from './plugin.ts';
import type { StringMap } from './types.ts';

/** A line that osqueryd says of itself. */
export interface StatusLine {
  severity: 'info' | 'warning' | 'error' | 'fatal';
  /** Source file of osquery that says it, and the line there. */
  file: string;
  line: number;
  message: string;
}

/** Every method may be absent: what it would get is then taken and dropped. What is thrown is given back to osqueryd, which keeps results and tries again. */
export interface Logger {
  name: string;
  /** Results of scheduled queries, differential: a JSON document each. */
  result?(line: string): void | Promise<void>;
  /** Results of snapshot queries: a JSON document each. */
  snapshot?(line: string): void | Promise<void>;
  /** Once, when osqueryd starts: the name of the daemon, and what it had said before there was a logger. */
  init?(daemon: string, lines: StatusLine[]): void | Promise<void>;
  /** What osqueryd says of itself: it says it here only, and not on its own stderr or files any more. */
  status?(lines: StatusLine[]): void | Promise<void>;
  /** Events as their tables get them. */
  event?(line: string): void | Promise<void>;
}

/** Bits of the answer to "features" (LoggerFeatures): they arrive as the code of the status. */
const LOG_STATUS = 1;
const LOG_EVENT = 2;

const SEVERITIES = ['info', 'warning', 'error', 'fatal'] as const;

export function loggerPlugin(logger: Logger): Plugin {
  return { registry: 'logger', name: logger.name, routes: [], call: (request) => answer(logger, request) };
}

async function answer(logger: Logger, request: StringMap): Promise<Answer> {
  const { string, snapshot, init, status, event, action } = request;
  if (string !== undefined) await logger.result?.(string);
  else if (snapshot !== undefined) await logger.snapshot?.(snapshot);
  else if (init !== undefined) await logger.init?.(init, linesOf(request['log']));
  else if (status !== undefined) await logger.status?.(linesOf(needed(request, 'log', 'a logger')));
  else if (event !== undefined) await logger.event?.(event);
  else if (action === 'features') return { code: (logger.status === undefined ? 0 : LOG_STATUS) | (logger.event === undefined ? 0 : LOG_EVENT), message: 'OK' };
  else throw new TypeError(`the logger ${logger.name} knows no request with ${Object.keys(request).join(', ') || 'nothing'}`);
  return DONE;
}

/** `[{"s":severity,"f":file,"i":line,"m":message}]`, numbers as numbers or as texts. Before 4.0 osquery sent an object whose keys are all empty. */
function linesOf(json: string | undefined): StatusLine[] {
  if (json === undefined || json === '') return [];
  const repaired = json.startsWith('{') ? `[${json.trim().slice(1, -1).replaceAll('"":', '')}]` : json;
  const lines: unknown = JSON.parse(repaired);
  if (!Array.isArray(lines)) throw new TypeError('the lines of a logger are no JSON array');
  return lines.map((line: { s?: unknown; f?: unknown; i?: unknown; m?: unknown } | null) => ({ severity: SEVERITIES[Number(line?.s)] ?? 'info', file: String(line?.f ?? ''), line: Number(line?.i ?? 0), message: String(line?.m ?? '') }));
}
