/** The program as the packages of a host carry it. */
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../src/package/build.ts';
import { bundle } from '../../src/package/bundle.ts';
import { layOut } from '../../src/package/compile.ts';
import type { Lab } from './lab.ts';

export interface Installed {
  tickward: string;
  extension: string;
}

export async function install(lab: Lab): Promise<Installed> {
  const directory = join(lab.disk, 'installed');
  const installed = { tickward: join(directory, 'src/cli/tickward'), extension: join(directory, 'extension/systemd_timer_events.ext') };
  if (existsSync(directory)) return installed;
  layOut(directory);
  await bundle(directory);
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return installed;
}
