/** The host's directories as a package fills them, with modes and times that depend on nothing but the sources. */
import { chmodSync, cpSync, lstatSync, lutimesSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FILES, made, ROOT, type Build } from './build.ts';
import { copyModules, modules } from './modules.ts';

/** Where the program lies. */
const HOME = 'usr/lib/tickward';
const DOC = 'usr/share/doc/tickward';

/** osquery takes a file that root owns, in a folder that root owns. */
const EXTENSION = '#!/bin/sh\nexec /usr/lib/tickward/extension/systemd_timer_events.ext "$@"\n';

/** `program` is what `bundle` and `layOut` made. */
export async function fillTree(root: string, program: string, sbom: string, build: Build): Promise<void> {
  const put = (path: string, content: string | Buffer, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  cpSync(program, join(root, HOME), { recursive: true });
  copyModules(join(root, HOME));
  await strip(join(root, HOME, 'node_modules'));
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/tickward/src/cli/tickward', join(root, 'usr/bin/tickward'));
  put('usr/lib/osquery/extensions/systemd_timer_events.ext', EXTENSION, 0o755);
  put('usr/lib/systemd/system/tickward.service', readFileSync(join(ROOT, 'extension/deploy/tickward.service')));
  put('etc/tickward/config.yaml', readFileSync(join(FILES, 'config.yaml')));
  put('usr/share/man/man1/tickward.1.gz', packed(readFileSync(join(ROOT, 'docs/tickward.1'))));
  for (const [shell, path] of [['bash', 'usr/share/bash-completion/completions/tickward'], ['zsh', 'usr/share/zsh/vendor-completions/_tickward'], ['fish', 'usr/share/fish/vendor_completions.d/tickward.fish']] as const) put(path, await made('/bin/sh', [join(root, HOME, 'src/cli/tickward'), 'completion', shell], { env: { TICKWARD_NODE: process.execPath } }));
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md']) rmSync(join(root, HOME, name));
  cpSync(join(ROOT, 'docs'), join(root, DOC, 'docs'), { recursive: true, filter: (source) => !source.endsWith('.1') });
  put(join(DOC, 'README.md'), readFileSync(join(ROOT, 'README.md')));
  put(join(DOC, 'changelog.gz'), packed(readFileSync(join(ROOT, 'CHANGELOG.md'))));
  put(join(DOC, 'copyright'), copyright());
  put(join(DOC, 'sbom.cdx.json'), sbom);
  settle(root, build.epoch);
}

/** Without debugging symbols Node takes a seventh less. */
async function strip(modulesDirectory: string): Promise<void> {
  const binaries = readdirSync(modulesDirectory, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.node') || /^node-linux-[^/]+\/bin\/node$/.test(path));
  for (const path of binaries) await made('strip', ['--strip-unneeded', join(modulesDirectory, path)]);
}

/** Without a time or a name in it. */
function packed(content: Buffer): Buffer {
  return gzipSync(content, { level: 9 });
}

function copyright(): string {
  return `Tickward, licensed under the Apache License, Version 2.0:

${readFileSync(join(ROOT, 'LICENSE'), 'utf8')}
It carries these, whose licences lie beside them in /usr/lib/tickward:

${modules().map(({ path, version, license }) => `${path} ${version}: ${license}`).join('\n')}
`;
}

/** Modes and times: neither of the one who builds nor of the day. */
export function settle(root: string, epoch: number): void {
  for (const path of [root, ...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((each) => join(root, each))]) {
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || (stat.mode & 0o111) !== 0 ? 0o755 : 0o644);
  }
  for (const path of [...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((each) => join(root, each)), root]) lutimesSync(path, epoch, epoch);
}

/** Bytes of all files. */
export function sizeOf(root: string): number {
  return readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
