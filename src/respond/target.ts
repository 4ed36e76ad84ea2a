/** What a response is about, taken from an event. */
import { z } from 'zod';
import type { HostContext, Target } from '../actions/index.ts';
import type { FileEvent } from '../model/event.ts';

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
