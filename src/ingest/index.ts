/** Lines that other sensors wrote, as events of ours: the format is found anew for each line. Pure. */
import { messageOf, TickwardError } from '../model/errors.ts';
import type { FileEvent } from '../model/event.ts';
import { isObject } from '../model/object.ts';
import { over } from './ecs.ts';
import { elastic } from './elastic.ts';
import { fileIntegrity } from './file-integrity.ts';
import type { Format } from './format.ts';
import { osquery } from './osquery.ts';
import { eventOf, idOf, type Report, type UnitOf } from './report.ts';
import { tickward } from './tickward.ts';

export type { UnitOf } from './report.ts';

export interface Imported {
  event: FileEvent;
  /** What rules look at: the event, with all else that an ECS document says. */
  document: object;
}

export interface Surroundings {
  unitOf: UnitOf;
  /** Hexadecimal digest of a line: the id of an event whose sensor gives none. */
  digest(line: string): string;
}

/** The first that reads a document has it. */
const FORMATS: readonly Format[] = [tickward, osquery, fileIntegrity, elastic];

/** The changes of files that a line tells of: none for a document that is known, but about something else. Throws BAD_INPUT for what is not understood. */
export function readLine(line: string, { unitOf, digest }: Surroundings): Imported[] {
  const document = sourceOf(parse(line));
  const format = FORMATS.find((each) => each.reads(document));
  if (format === undefined) throw new TickwardError('BAD_INPUT', 'no file event of a sensor that is known (Elastic Defend or other ECS, Auditbeat, osquery, Tickward)');
  return format.reports(document).map((report, index) => {
    const event = eventOf(report, { sensor: format.sensor(document), id: idOf(report, index, () => digest(line)), unitOf });
    return { event, document: judged(report, event) };
  });
}

function judged(report: Report, event: FileEvent): object {
  const document = report.ecs === undefined ? event : over(report.ecs, event);
  return isObject(document) ? document : event;
}

function parse(line: string): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new TickwardError('BAD_INPUT', `no JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!isObject(value)) throw new TickwardError('BAD_INPUT', 'no JSON object');
  return value;
}

/** Hits that were exported from Elasticsearch have the document in `_source`. */
function sourceOf(document: object): object {
  const source: unknown = '_source' in document ? document._source : undefined;
  return isObject(source) ? source : document;
}
