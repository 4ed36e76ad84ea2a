/** osquery's `systemd_units`: the units that the system's manager has in memory. Timers of users' managers are in systemd_timers. */
import type { Table } from '../../model/table.ts';
import { jobs, managedUnits } from './units.ts';

const BUS = '/org/freedesktop/systemd1';

export const systemd_units: Table = {
  name: 'systemd_units',
  description: 'Track systemd units.',
  columns: [
    { name: 'id', type: 'TEXT' },
    { name: 'description', type: 'TEXT' },
    { name: 'load_state', type: 'TEXT' },
    { name: 'active_state', type: 'TEXT' },
    { name: 'sub_state', type: 'TEXT' },
    { name: 'unit_file_state', type: 'TEXT' },
    { name: 'following', type: 'TEXT' },
    { name: 'object_path', type: 'TEXT' },
    { name: 'job_id', type: 'BIGINT' },
    { name: 'job_type', type: 'TEXT' },
    { name: 'job_path', type: 'TEXT' },
    { name: 'fragment_path', type: 'TEXT' },
    { name: 'user', type: 'TEXT' },
    { name: 'source_path', type: 'TEXT' },
  ],
  *generate(context) {
    const hasJobs = ['job_id', 'job_type', 'job_path'].some((column) => context.uses(column));
    const pending = hasJobs ? jobs(context) : new Map<string, never>();
    for (const { property } of managedUnits(context)) {
      context.checkpoint();
      const id = property('Id');
      const job = pending.get(id);
      yield {
        id,
        description: property('Description'),
        load_state: property('LoadState'),
        active_state: property('ActiveState'),
        sub_state: property('SubState'),
        unit_file_state: property('UnitFileState'),
        following: property('Following'),
        object_path: `${BUS}/unit/${busLabel(id)}`,
        job_id: job?.id ?? 0,
        job_type: job?.type ?? '',
        job_path: job === undefined ? '/' : `${BUS}/job/${job.id}`,
        fragment_path: property('FragmentPath'),
        user: property('User'),
        source_path: property('SourcePath'),
      };
    }
  },
};

/** sd_bus_path_encode(3): all bytes but letters and digits, and a digit in front, as `_` and two hexadecimal digits. */
export function busLabel(name: string): string {
  if (name === '') return '_';
  return Array.from(Buffer.from(name), (byte, index) => {
    const character = String.fromCharCode(byte);
    return (index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/).test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
