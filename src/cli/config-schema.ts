/** What the configuration file may say. */
import { z } from 'zod';
import { DEFAULTS, type OutputOptions } from '../output/types.ts';
import { MOST_DAYS } from '../store/retention.ts';
import { parseYaml } from '../yaml.ts';
import { problemOfPeer } from './peers.ts';
import { ENGINES, LANGUAGES, LONGEST_TIMEOUT, SENSORS } from './settings.ts';

const MB = 1_000_000;

const SECOND_MS = 1_000;

/** Sizes in MB and times in seconds, as people write them. */
const OUTPUT = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('file'), path: z.string(), size: z.number().positive().optional(), keep: z.int().min(1).max(1_000).optional() }),
    z.strictObject({ type: z.literal('syslog'), socket: z.string().optional() }),
    z.strictObject({ type: z.literal('journald'), socket: z.string().optional() }),
    z.strictObject({ type: z.literal('command'), command: z.array(z.string()).min(1), timeout: z.number().positive().max(3_600).optional(), concurrency: z.int().min(1).max(32).optional() }),
  ])
  .transform((given): OutputOptions => {
    switch (given.type) {
      case 'file':
        return { type: 'file', path: given.path, maxBytes: given.size === undefined ? DEFAULTS.file.maxBytes : given.size * MB, keep: given.keep ?? DEFAULTS.file.keep };
      case 'command':
        return { type: 'command', command: given.command, timeoutMs: given.timeout === undefined ? DEFAULTS.command.timeoutMs : given.timeout * SECOND_MS, concurrency: given.concurrency ?? DEFAULTS.command.concurrency };
      default:
        return { type: given.type, socket: given.socket ?? DEFAULTS[given.type].socket };
    }
  });

function checkPeer(text: string, context: z.RefinementCtx): void {
  const problem = problemOfPeer(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: [problem.message, problem.hint].filter((part) => part !== undefined).join(' — ') });
}

const FILE = z.strictObject({
  state_dir: z.string().min(1, 'it names no directory').optional(),
  engine: z.enum(ENGINES).optional(),
  socket: z.string().optional(),
  timeout: z.number().positive().max(LONGEST_TIMEOUT).optional(),
  lang: z.enum(LANGUAGES).optional(),
  sensor: z.enum(SENSORS).optional(),
  management: z.array(z.string().superRefine(checkPeer)).optional(),
  outputs: z.array(OUTPUT).optional(),
  retention: z.strictObject({ days: z.number().positive().max(MOST_DAYS).optional(), events: z.int().positive().optional() }).optional(),
});

export type FileSettings = z.infer<typeof FILE>;

/** Throws BAD_INPUT with line and column. */
export function parseConfig(content: string, file: string): FileSettings {
  return parseYaml(content, { what: 'the configuration', file, hint: `known settings: ${Object.keys(FILE.shape).join(', ')}`, schema: z.preprocess((value) => value ?? {}, FILE) });
}
