#!/usr/bin/env node
/**
 * A table of what waits for processor, memory and disk: /proc/pressure (Documentation/accounting/psi.rst of the kernel).
 *
 *   osqueryi --extension /path/to/pressure.ext --allow_unsafe       (osquery wants an ending .ext: a link to this file does)
 *   osquery> SELECT resource, avg10 FROM pressure WHERE kind = 'some';
 */
import { readFileSync } from 'node:fs';
import { runExtension, tablePlugin, type Row, type Table } from 'tickward/osquery';

const RESOURCES = ['cpu', 'memory', 'io'];

const pressure: Table = {
  name: 'pressure',
  description: 'Share of time in which processes waited for a resource.',
  columns: [
    { name: 'resource', type: 'TEXT', description: 'cpu, memory or io' },
    { name: 'kind', type: 'TEXT', description: 'some: at least one process waited; full: all did' },
    { name: 'avg10', type: 'DOUBLE', description: 'Percent, over 10 s' },
    { name: 'total', type: 'BIGINT', description: 'Microseconds since the boot' },
  ],
  *generate({ warn }) {
    for (const resource of RESOURCES) {
      try {
        yield* rowsOf(resource, readFileSync(`/proc/pressure/${resource}`, 'utf8'));
      } catch (error) {
        warn(`${resource}: ${String(error)}`);
      }
    }
  },
};

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, a line a kind. */
function rowsOf(resource: string, text: string): Row[] {
  return text.trim().split('\n').map((line) => {
    const [kind, ...pairs] = line.split(' ');
    const values = new Map(pairs.map((pair) => pair.split('=') as [string, string]));
    return { resource, kind, avg10: values.get('avg10'), total: values.get('total') };
  });
}

await runExtension({ name: 'pressure', version: '1.0.0', plugins: [tablePlugin(pressure)] });
