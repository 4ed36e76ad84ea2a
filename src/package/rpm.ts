/** The RPM package. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { architecture, FILES, made, type Build } from './build.ts';

/** `root` is a filled tree. */
export async function makeRpm(root: string, build: Build): Promise<string> {
  const top = join(build.work, 'rpmbuild');
  const { rpm } = architecture();
  const macros = { _topdir: top, _buildhost: 'localhost', use_source_date_epoch_as_buildtime: 1, clamp_mtime_to_source_date_epoch: 1, _binary_payload: build.quick ? 'w1.gzdio' : 'w19.zstdio', tree: root, package_version: build.version };
  await made('rpmbuild', ['-bb', '--target', `${rpm}-linux`, ...Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]), join(FILES, 'rpm/tickward.spec')], { env: { SOURCE_DATE_EPOCH: String(build.epoch), HOME: build.work } });
  const name = `tickward-${build.version}-1.${rpm}.rpm`;
  copyFileSync(join(top, 'RPMS', rpm, name), join(build.out, name));
  return join(build.out, name);
}
