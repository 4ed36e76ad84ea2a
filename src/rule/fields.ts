/** The fields that events can have: ECS, what Elastic Defend adds for files and processes, and what Tickward's own sensor adds. */
import type { FileEvent } from '../model/event.ts';
import { ecsFields } from './ecs.generated.js';

/** `one` value, `several` in an array, or `open`: an object whose names the schema leaves to the sender. */
export type FieldForm = 'one' | 'several' | 'open';

const SIGNATURE = 'exists status subject_name trusted valid';

/** Elastic Defend's fields for Linux (its package's custom_file and custom_process schemas), in the notation of the generated list. */
const DEFEND = `
- _id _index Effective_process{} Target{}
container.security_context privileged
elastic.agent id
event.Ext correlation{}
file Ext
file.Ext entropy entry_modified header_bytes header_trailer_data malware_classification{} malware_signature{} monotonic_id quarantine_message quarantine_path quarantine_result temp_file_path
file.Ext.code_signature[] ${SIGNATURE}
file.Ext.device bus_type dos_name file_system_type nt_name product_id serial_number vendor_id volume_device_type
file.Ext.original extension gid group mode name owner path uid
file.Ext.windows zone_identifier
group.Ext real{}
host.os Ext
host.os.Ext variant
process Ext ppid
process.Ext ancestry[] api{} architecture authentication_id command_line created_suspended defense_evasions[] dll{} effective_parent{} mitigation_policies[] protection relative_file_creation_time relative_file_name_modify_time services[] session session_info{} token{} trusted trusted_descendant user
process.Ext.code_signature[] ${SIGNATURE}
process.Ext.real pid
process.parent Ext ppid
process.parent.Ext architecture protection token{} user
process.parent.Ext.code_signature[] ${SIGNATURE}
process.parent.Ext.real pid
user.Ext real{}
`;

/** `tickward.*` of the sensor's events: one that it gains does not compile until it stands here. */
const TICKWARD_FORMS: Readonly<Record<keyof FileEvent['tickward'], '' | '[]'>> = { ancestry: '[]', attribution: '', attribution_note: '', auid: '', cgroup: '', commands: '[]', content_cut: '', directives: '[]', path_bytes: '', scope: '', source: '', unit: '', unit_type: '' };

const TICKWARD = `
tickward ${Object.entries(TICKWARD_FORMS).map(([name, sign]) => name + sign).join(' ')}
tickward.ancestry[] command_line executable name pid
`;

let known: ReadonlyMap<string, FieldForm> | undefined;

/** Undefined for a name that no event is known to have. */
export function fieldForm(name: string): FieldForm | undefined {
  known ??= new Map([...read(ecsFields), ...read(DEFEND), ...read(TICKWARD)]);
  const form = known.get(name);
  if (form !== undefined) return form;
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const above = known.get(name.slice(0, dot));
    if (above !== undefined) return above === 'open' ? 'open' : undefined;
  }
  return undefined;
}

function read(list: string): [string, FieldForm][] {
  return list.trim().split('\n').flatMap((line) => {
    const [parent = '', ...names] = line.split(' ');
    const inside = parent.endsWith('[]');
    const above = parent === '-' ? '' : `${parent.replace(/(\[\]|\{\})$/, '')}.`;
    return names.map((name): [string, FieldForm] => [above + name.replace(/(\[\]|\{\})$/, ''), name.endsWith('{}') ? 'open' : inside || name.endsWith('[]') ? 'several' : 'one']);
  });
}

const FARTHEST = 3;

/** The known field that is spelled most alike; undefined when none is near. */
export function nearestField(name: string): string | undefined {
  fieldForm(name);
  let nearest: string | undefined;
  let least = Math.min(FARTHEST, Math.floor(name.length / 3)) + 1;
  for (const candidate of known?.keys() ?? []) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = candidate.toLowerCase() === name.toLowerCase() ? 0 : editDistance(candidate, name);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Levenshtein's: how many letters have to be put in, taken out or changed. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) next.push(Math.min((row[j] ?? 0) + (from[i] === to[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row.at(-1) ?? 0;
}
