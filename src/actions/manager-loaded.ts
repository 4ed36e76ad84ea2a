/**
 * What a manager knows of units that it has loaded, property by property through busctl(1): systemctl show asks for all of them, and for one, the state of the unit's files,
 * systemd reads every file of the unit anew, in which its first process does nothing else.
 */
import { z } from 'zod';
import type { UnitState } from './manager.ts';

const SERVICE = 'org.freedesktop.systemd1';
/** Of ListUnitsByPatterns: name, description, load, active, sub, following, path and the job. */
const listed = z.object({ data: z.tuple([z.array(z.tuple([z.string(), z.string(), z.string(), z.string(), z.string(), z.string(), z.string()]).rest(z.unknown()))]) });
const text = z.object({ data: z.string() });
const bytes = z.object({ data: z.array(z.int()) });

/** `ask` gives what busctl says, undefined where it fails. Undefined where the list cannot be had: before systemd 240 busctl speaks no JSON. */
export async function loadedStates(patterns: readonly string[], ask: (args: readonly string[]) => Promise<string | undefined>): Promise<UnitState[] | undefined> {
  const answer = await ask(['--json=short', 'call', SERVICE, '/org/freedesktop/systemd1', `${SERVICE}.Manager`, 'ListUnitsByPatterns', 'asas', '0', String(patterns.length), ...patterns]);
  const units = parsed(listed, answer)?.data[0];
  if (units === undefined) return undefined;
  const states: UnitState[] = [];
  for (const [id, , load, active, , , path] of units) {
    const property = async <Shape extends z.ZodType>(shape: Shape, name: string, of = 'Unit'): Promise<z.infer<Shape> | undefined> => parsed(shape, await ask(['--json=short', 'get-property', SERVICE, path, `${SERVICE}.${of}`, name]));
    states.push({
      id,
      load,
      active,
      freezer: (await property(text, 'FreezerState'))?.data ?? '',
      // Timers and targets have none.
      cgroup: id.endsWith('.service') ? ((await property(text, 'ControlGroup', 'Service'))?.data ?? '') : '',
      fragment: (await property(text, 'FragmentPath'))?.data ?? '',
      invocation: Buffer.from((await property(bytes, 'InvocationID'))?.data ?? []).toString('hex'),
    });
  }
  return states;
}

function parsed<Shape extends z.ZodType>(shape: Shape, answer: string | undefined): z.infer<Shape> | undefined {
  try {
    return shape.parse(JSON.parse(answer ?? ''));
  } catch {
    return undefined;
  }
}
