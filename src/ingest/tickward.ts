/**
 * What Tickward itself writes: events (`tickward events --json`), the events in alerts (`tickward watch --json`, `tickward alerts --json`), and
 * alerts as its outputs have them. These are read as the event that they are about: what reads the file that it writes to comes to an end.
 */
import { TickwardError } from '../model/errors.ts';
import type { FileEvent } from '../model/event.ts';
import { isObject } from '../model/object.ts';
import { ecsReport } from './ecs.ts';
import { dateField, needed, present, textField } from './field.ts';
import type { Format } from './format.ts';
import { ancestryOf, attributionOf } from './own.ts';
import type { Report } from './report.ts';

const dataset = textField('event.dataset');
const action = textField('event.action');
const attribution = textField('tickward.attribution');
const note = textField('tickward.attribution_note');
const auid = textField('tickward.auid');
const cgroup = textField('tickward.cgroup');
const pathBytes = textField('tickward.path_bytes');
const path = textField('file.path');
/** Of an alert of an output: what `src/output/document.ts` makes of its event. */
const alerted = { id: textField('tickward.alert.event_id'), time: dateField('event.created') };

const ACTIONS = new Set<string>(['creation', 'rename', 'modification', 'deletion'] satisfies FileEvent['event']['action'][]);

export const tickward: Format = {
  sensor: () => 'Tickward',
  reads: (document) => ['tickward.file', 'tickward.alert'].includes(dataset(eventIn(document)) ?? ''),
  reports(document) {
    const event = eventIn(document);
    const word = needed(action(event), 'event.action');
    if (!ACTIONS.has(word)) throw new TickwardError('BAD_INPUT', `event.action ${JSON.stringify(word.slice(0, 40))} is none of Tickward's`);
    return [{ ...ecsReport(event, word as FileEvent['event']['action']), ...(dataset(event) === 'tickward.alert' ? ofAlert(event) : {}), own: ownOf(event), ecs: event }];
  },
};

function ofAlert(document: object): Pick<Report, 'id' | 'time'> {
  return { id: needed(alerted.id(document), 'tickward.alert.event_id'), time: needed(alerted.time(document), 'event.created') };
}

/** The event of an alert, or the document itself. */
export function eventIn(document: object): object {
  const event: unknown = 'event' in document ? document.event : undefined;
  return isObject(event) && isObject(event['event']) ? event : document;
}

function ownOf(event: object): NonNullable<Report['own']> {
  const bytes = pathBytes(event);
  // Whoever reads the bytes must get the file that the rules saw.
  if (bytes !== undefined && Buffer.from(bytes, 'base64').toString() !== path(event)) throw new TickwardError('BAD_INPUT', 'tickward.path_bytes is another path than file.path');
  const own: unknown = 'tickward' in event ? event.tickward : undefined;
  return { attribution: attributionOf(attribution(event)), ancestry: ancestryOf(isObject(own) ? own['ancestry'] : undefined), ...present({ attribution_note: note(event), auid: auid(event), cgroup: cgroup(event), path_bytes: bytes }) };
}
