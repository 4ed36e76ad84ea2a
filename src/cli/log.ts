/** Notices of the parts that run long (sensor, store, engines): pino on stderr, made readable where a person looks. */
import { pino, type Logger } from 'pino';

export interface Notice {
  level: 'info' | 'warn';
  message: string;
}

/** Synchronous, so that nothing is lost when the program ends; JSON lines where stderr is no terminal. */
export async function createLog(settings: { verbose: boolean; color: boolean }): Promise<Logger> {
  const level = settings.verbose ? 'debug' : 'info';
  if (!process.stderr.isTTY) return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  return pino({ level, base: null }, pretty({ destination: 2, sync: true, colorize: settings.color, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }));
}
