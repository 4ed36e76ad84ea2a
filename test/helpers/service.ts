/** Tickward as a service on a booted host. */
import type { Alert, FileAction, FileEvent } from '../../src/model/event.ts';
import { boot, PROGRAM, type Booted } from './booted.ts';
import { jsonLines } from './lines.ts';
import { until } from './until.ts';

/** Each question starts a program on a host that shares two processors with all others. */
export const PATIENCE_MS = 30_000;

/** As the service file itself says how to use it without a package. */
export const INSTALL = `
sed 's|/usr/bin/tickward|${PROGRAM}|' /opt/tickward/extension/deploy/tickward.service > /etc/systemd/system/tickward.service
systemctl daemon-reload
systemctl enable --now tickward.service`;

/** A user with a manager of her own. Prints her number. */
export const ALICE = 'useradd -m alice; loginctl enable-linger alice; until [ -e /run/user/$(id -u alice)/systemd/private ]; do sleep 0.05; done; id -u alice';

export interface Sensing {
  host: Booted;
  property(...names: string[]): string[];
  log(): string;
  events(): FileEvent[];
  alerts(): Alert[];
  /** The event, once it is there. */
  event(path: string, action: FileAction): Promise<FileEvent>;
  alert(path: string): Promise<Alert>;
}

export async function sensing(): Promise<Sensing> {
  const host = await boot();
  const installed = host.shell(INSTALL);
  if (installed.status !== 0) throw new Error(installed.stderr);
  const list = <Item>(what: string): Item[] => jsonLines(host.run([PROGRAM, what, '--json']).stdout);
  const log = (): string => host.run(['journalctl', '--unit=tickward', '--output=cat', '--no-pager']).stdout;
  const events = (): FileEvent[] => list<FileEvent>('events');
  const alerts = (): Alert[] => list<Alert>('alerts');
  await until(() => log().includes('judging by'), () => `the start: ${log()}`, PATIENCE_MS);
  return {
    host,
    log,
    events,
    alerts,
    property: (...names) => names.map((name) => host.run(['systemctl', 'show', '--value', `--property=${name}`, 'tickward.service']).stdout.trim()),
    event: (path, action) => found(events, (event) => event.file.path === path && event.event.action === action, () => `${action} of ${path}, got ${events().map((event) => `${event.event.action} of ${event.file.path}`).join(', ')}`),
    alert: (path) => found(alerts, (alert) => alert.event.file.path === path, () => `the alert for ${path}`),
  };
}

async function found<Item>(list: () => Item[], isIt: (item: Item) => boolean, what: () => string): Promise<Item> {
  let item: Item | undefined;
  await until(() => (item = list().find(isIt)) !== undefined, what, PATIENCE_MS);
  if (item === undefined) throw new Error(what());
  return item;
}
