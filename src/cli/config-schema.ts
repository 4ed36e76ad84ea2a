/** What the configuration file may say. */
import { z } from 'zod';
import { MOST_DAYS } from '../store/retention.ts';
import { parseYaml } from '../yaml.ts';
import { ENGINES, LANGUAGES, SENSORS } from './settings.ts';

const FILE = z.strictObject({
  state_dir: z.string().optional(),
  engine: z.enum(ENGINES).optional(),
  socket: z.string().optional(),
  timeout: z.number().positive().optional(),
  lang: z.enum(LANGUAGES).optional(),
  sensor: z.enum(SENSORS).optional(),
  management: z.array(z.string()).optional(),
  retention: z.strictObject({ days: z.number().positive().max(MOST_DAYS).optional(), events: z.int().positive().optional() }).optional(),
});

export type FileSettings = z.infer<typeof FILE>;

/** Throws BAD_INPUT with line and column. */
export function parseConfig(content: string, file: string): FileSettings {
  return parseYaml(content, { what: 'the configuration', file, hint: `known settings: ${Object.keys(FILE.shape).join(', ')}`, schema: z.preprocess((value) => value ?? {}, FILE) });
}
