/** What every command gets: settings, output, the store when it asks for it, and a way to say things. */
import type { Command } from 'commander';
import { openStore, type Store, type StoreUse } from '../store/index.ts';
import { readAsItLies, unwritable } from '../store/read-only.ts';
import { besideRoots } from '../store/state-directory.ts';
import { messageOf } from '../model/errors.ts';
import type { Notice } from './log.ts';
import { createOutput, type Output } from './output.ts';
import { resolveSettings, type Settings } from './settings.ts';

export interface Context {
  readonly settings: Settings;
  readonly out: Output;
  readonly uid: number;
  /** Opened at the first call, closed when the program ends. Where nothing can be written it can be read; who is going to write is told at once. Who only looks, which is meant where nothing is said, is told where a directory that was named is not there: nothing is made then. */
  store(use?: StoreUse): Store;
  /** Resolves when it is written, for who has reason to wait. */
  notice(notice: Notice): Promise<void>;
  /** Runs at the end of the program, newest first. */
  atEnd(work: () => void | Promise<void>): void;
}

/** A command adds itself to the program; `run` gives the exit code. */
export type Register = (program: Command, act: Act) => void;

export type Act = <Arguments extends unknown[]>(run: (context: Context, ...given: Arguments) => Promise<number> | number) => (...given: Arguments) => Promise<void>;

export const Exit = { DONE: 0, FAILED: 1, USAGE: 2, FINDINGS: 3, INTERRUPTED: 130 } as const;

export async function createContext(options: Record<string, unknown>): Promise<Context & { end(): Promise<void> }> {
  const uid = process.getuid?.() ?? 0;
  const settings = await resolveSettings(options, process.env, uid);
  const endings: (() => void | Promise<void>)[] = [];
  let store: Store | undefined;
  let log: Promise<(notice: Notice) => void> | undefined;
  const notice = (said: Notice): Promise<void> => {
    // pino takes 60 ms to load: only commands that have something to say pay for it.
    log ??= import('./log.ts').then(async ({ createLog }) => {
      const logger = await createLog(settings);
      return ({ level, message }) => logger[level](message);
    });
    return log.then((say) => say(said));
  };
  return {
    settings,
    out: createOutput(settings),
    uid,
    store(use = 'look') {
      if (store === undefined) {
        const opened = openStore(settings.stateDir, uid, use === 'look' && !settings.isStateDirNamed ? 'read' : use);
        endings.push(() => opened.close());
        store = opened;
        const roots = use === 'look' && !settings.isStateDirNamed ? besideRoots(opened.directory, uid) : undefined;
        if (roots !== undefined) void notice({ level: 'info', message: roots });
        if (opened.readOnly) void notice({ level: 'info', message: readAsItLies(opened.directory) });
      }
      if (use === 'write' && store.readOnly) throw unwritable(store.directory);
      return store;
    },
    notice,
    atEnd: (work) => void endings.push(work),
    async end() {
      for (const work of endings.toReversed()) {
        try {
          await work();
        } catch (error) {
          process.stderr.write(`tickward: at the end: ${messageOf(error)}\n`);
        }
      }
      await log;
    },
  };
}
