/** Whether the sensor runs as a service. Nobody has to have one: `tickward watch` and the osquery extension sense as well. */
import { join } from 'node:path';
import { run } from '../../exec.ts';
import { isBooted } from '../../host/systemd.ts';
import { messageOf } from '../../model/errors.ts';
import type { Finding } from './finding.ts';

const UNIT = 'tickward.service';
const ROOT = join(import.meta.dirname, '../../..');

/** What of `systemctl show` counts here. */
export interface ServiceState {
  LoadState: string;
  ActiveState: string;
  SubState: string;
  UnitFileState: string;
}

const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState'] as const;

export async function service(): Promise<Finding> {
  if (!isBooted()) return { check: 'service', ok: true, found: 'not looked for, since systemd does not run here', fix: null };
  try {
    const { stdout } = await run('systemctl', ['show', UNIT, `--property=${PROPERTIES.join(',')}`]);
    const values = new Map(stdout.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    const value = (name: (typeof PROPERTIES)[number]): string => values.get(name) ?? '';
    return serviceFinding({ LoadState: value('LoadState'), ActiveState: value('ActiveState'), SubState: value('SubState'), UnitFileState: value('UnitFileState') });
  } catch (error) {
    return { check: 'service', ok: true, found: `not known: ${messageOf(error)}`, fix: null };
  }
}

/** Not to have it is no fault; to have it and not to run is one. */
export function serviceFinding({ LoadState, ActiveState, SubState, UnitFileState }: ServiceState): Finding {
  const check = 'service';
  const found = `${UNIT} is ${ActiveState} (${SubState})${UnitFileState === '' ? '' : `, ${UnitFileState}`}`;
  if (LoadState === 'not-found') return { check, ok: true, found: `${UNIT} is not installed: the sensor runs while \`tickward watch\` or the osquery extension does`, fix: howToInstall() };
  if (LoadState === 'masked') return { check, ok: true, found: `${UNIT} is masked`, fix: `systemctl unmask ${UNIT}` };
  if (LoadState !== 'loaded') return { check, ok: false, found: `${UNIT} does not load (${LoadState})`, fix: `systemctl status ${UNIT}` };
  if (ActiveState === 'active') return { check, ok: true, found, fix: UnitFileState === 'disabled' ? `to have it after the next boot too: systemctl enable ${UNIT}` : null };
  if (ActiveState === 'inactive') return { check, ok: true, found, fix: `systemctl enable --now ${UNIT}` };
  return { check, ok: false, found, fix: `see why it does not run: journalctl --unit ${UNIT} --lines 20` };
}

function howToInstall(): string {
  return `sed "s|/usr/bin/tickward|${join(ROOT, 'src/cli/tickward')}|" ${join(ROOT, 'extension/deploy', UNIT)} > /etc/systemd/system/${UNIT} && systemctl daemon-reload && systemctl enable --now ${UNIT}`;
}
