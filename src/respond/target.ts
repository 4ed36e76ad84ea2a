/** What a response is about, taken from an event, and the values that a playbook's placeholders stand for. */
import { z } from 'zod';
import type { HostContext, Target } from '../actions/index.ts';
import type { FileEvent } from '../model/event.ts';
import type { Json } from '../model/journal.ts';

export const targetSchema: z.ZodType<Target> = z.strictObject({
  path: z.string(),
  path_bytes: z.exactOptional(z.string()),
  unit: z.string(),
  scope: z.enum(['system', 'user']),
  user: z.exactOptional(z.string()),
  process: z.exactOptional(z.strictObject({ pid: z.int(), start: z.exactOptional(z.string()), executable: z.exactOptional(z.string()) })),
});

/** The target of a response that is about the whole host. */
export const HOST: Target = { path: '/', unit: '', scope: 'system' };

export function targetOf(event: FileEvent, context: Pick<HostContext, 'directories'>): Target {
  const { file, process: by, tickward } = event;
  const directory = context.directories.filter((each) => file.path.startsWith(`${each.path}/`)).sort((one, other) => other.path.length - one.path.length)[0];
  const user = directory?.user;
  return {
    path: file.path,
    ...(tickward.path_bytes === undefined ? {} : { path_bytes: tickward.path_bytes }),
    unit: tickward.unit,
    scope: directory?.scope ?? tickward.scope,
    ...(user === undefined ? {} : { user }),
    ...(by === undefined ? {} : { process: { pid: by.pid, ...(by.start === undefined ? {} : { start: by.start }), ...(by.executable === undefined ? {} : { executable: by.executable }) } }),
  };
}

const PLACEHOLDER = /^\{\{\s*([A-Za-z@][\w@]*(?:\.[A-Za-z@][\w@]*)*)\s*\}\}$/;

/** The field that a value stands for; undefined where it is a plain value. A placeholder is a whole value, never a part of one. */
export function fieldOf(value: Json): string | undefined {
  return typeof value === 'string' ? PLACEHOLDER.exec(value)?.[1] : undefined;
}

/** The parameters with the event's own values, typed as they are there. What the event does not have is left out. */
export function fillIn(params: { readonly [name: string]: Json }, event: FileEvent | undefined): { [name: string]: Json } {
  return Object.fromEntries(Object.entries(params).flatMap(([name, value]) => {
    const field = fieldOf(value);
    if (field === undefined) return [[name, value] as const];
    const found = valueAt(event, field.split('.'));
    return found === undefined ? [] : [[name, found] as const];
  }));
}

function valueAt(value: unknown, path: readonly string[]): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return isPlain(value) ? value : undefined;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? valueAt(Reflect.get(value, key), rest) : undefined;
}

/** Single values and lists of them; an object is no parameter. */
function isPlain(value: unknown): value is Json {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || (Array.isArray(value) && value.every(isPlain));
}
