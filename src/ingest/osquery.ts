/**
 * Results logs of osqueryd (https://osquery.readthedocs.io/en/stable/deployment/logging/): the event, the snapshot and the batch format, of the
 * tables file_events (inotify: no process), process_file_events (audit: with the process) and Tickward's own systemd_timer_events.
 */
import { TickwardError } from '../model/errors.ts';
import { isObject } from '../model/object.ts';
import { secondsField, textField } from './field.ts';
import type { Format } from './format.ts';
import { readRow } from './osquery-tables.ts';
import type { Report } from './report.ts';

/** `hostname` is what the documentation's older examples have. */
const hosts = ['hostIdentifier', 'host_identifier', 'hostname'].map(textField);
const logged = secondsField('unixTime');

export const osquery: Format = {
  sensor: () => 'osquery',
  reads: (document) => hosts.some((read) => read(document) !== undefined) && ['columns', 'snapshot', 'diffResults'].some((key) => Object.hasOwn(document, key)),
  reports(document) {
    const rows = rowsOf(document);
    const host = hosts.map((read) => read(document)).find((name) => name !== undefined) ?? '';
    return rows.flatMap((row) => reportOf(row, host, logged(document)));
  },
};

function reportOf(columns: object, host: string, at: number | undefined): Report[] {
  const row = readRow(columns);
  if (row === undefined) return [];
  const time = row.time ?? at;
  if (time === undefined) throw new TickwardError('BAD_INPUT', 'it has neither a column time nor unixTime');
  // With `--host_identifier=uuid` it is no name, but all that there is.
  return [{ ...row, time, host: { name: host, hostname: host, os: { type: 'linux' } } }];
}

/** Rows that came; what a differential takes back is no event. */
function rowsOf(document: object): object[] {
  const { columns, snapshot, diffResults, action } = document as Record<string, unknown>;
  if (columns !== undefined) return action === 'removed' ? [] : objects([columns], 'columns');
  if (snapshot !== undefined) return objects(snapshot, 'snapshot');
  const added = isObject(diffResults) ? diffResults['added'] : undefined;
  // osquery writes "" for no rows.
  return added === undefined || added === '' ? [] : objects(added, 'diffResults.added');
}

function objects(list: unknown, name: string): object[] {
  if (!Array.isArray(list) || !list.every(isObject)) throw new TickwardError('BAD_INPUT', `${name} holds no rows of osquery`);
  return list;
}
