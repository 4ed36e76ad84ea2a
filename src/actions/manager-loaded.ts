/**
 * What a manager knows of units that it has loaded, property by property through busctl(1): systemctl show asks for all of them, and for one, the state of the unit's files,
 * systemd reads every file of the unit anew, in which its first process does nothing else.
 */
import { z } from 'zod';
import { listedUnits, listingOf } from '../host/manager-units.ts';
import type { UnitState } from './manager.ts';

const SERVICE = 'org.freedesktop.systemd1';
const text = z.object({ data: z.string() });
const bytes = z.object({ data: z.array(z.int()) });

/** `ask` gives what busctl says, undefined where it fails. Undefined where the list cannot be had: before systemd 240 busctl speaks no JSON. */
export async function loadedStates(patterns: readonly string[], ask: (args: readonly string[]) => Promise<string | undefined>): Promise<UnitState[] | undefined> {
  const units = listedUnits(await ask(listingOf(patterns)));
  if (units === undefined) return undefined;
  const states: UnitState[] = [];
  for (const { id, load, active, path } of units) {
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
