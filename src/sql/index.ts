/** The engines, and the choice between them. */
import { TickwardError } from '../model/errors.ts';
import { createEmbedded, type Embedded, type TableSource } from './embedded/index.ts';
import type { Engine, EngineName } from './engine.ts';

export type { Engine, EngineName, QueryOptions, QueryResult } from './engine.ts';
export { createEmbedded, type Embedded, type TableSource };

export interface EngineOptions {
  /** Added to the embedded engine's tables. */
  tables?: TableSource;
  /** osquery's manager socket. */
  socket?: string;
}

/** The only list of engines, in the order in which `auto` tries them. osquery's interface and execa are loaded only by the engine that needs them. */
export const engines: readonly { name: EngineName; create: (options: EngineOptions) => Promise<Engine> }[] = [
  { name: 'osqueryd', create: async ({ socket }) => (await import('./osqueryd.ts')).createOsqueryd(socket) },
  { name: 'osqueryi', create: async () => (await import('./osqueryi.ts')).createOsqueryi() },
  { name: 'embedded', create: ({ tables }) => createEmbedded(tables === undefined ? {} : { tables }) },
];

/** The one that was named, or the first that answers. Throws UNSUPPORTED when it does not. */
export async function chooseEngine(name: 'auto' | EngineName, options: EngineOptions = {}): Promise<{ engine: Engine; tried: { name: EngineName; reason: string }[] }> {
  const tried: { name: EngineName; reason: string }[] = [];
  for (const each of engines) {
    if (name !== 'auto' && name !== each.name) continue;
    const engine = await each.create(options);
    const answer = await engine.available();
    if (answer.ok) return { engine, tried };
    tried.push({ name: each.name, reason: answer.reason });
    await engine.close();
  }
  throw new TickwardError('UNSUPPORTED', `the engine ${name} does not answer: ${tried.map((each) => each.reason).join('; ')}`, { hint: 'use --engine embedded, which is always there' });
}
