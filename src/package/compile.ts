/** The program as JavaScript, laid out as the sources are: what is in npm's package; and what every package has beside its JavaScript. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FILES, made, readJson, ROOT } from './build.ts';

/** What runs or is read as it is. */
const AS_IT_IS = ['src/node.sh', 'src/cli/tickward', 'extension/systemd_timer_events.ext', 'extension/deploy', 'playbooks', 'LICENSE', 'README.md', 'CHANGELOG.md'];

/** The launchers run main.js on a Node that need not know TypeScript. */
const MANIFEST_LEFT_OUT = ['private', 'scripts', 'devDependencies'];

/** Checking the types is most of the work, and changes no byte. */
export async function compile(into: string, { quick }: { quick: boolean }): Promise<void> {
  await made(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', FILES, '--outDir', into, ...(quick ? ['--noCheck'] : [])]);
}

/** Launchers, playbooks and what else is no JavaScript, with the manifest. */
export function layOut(into: string): void {
  for (const path of AS_IT_IS) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    cpSync(join(ROOT, path), join(into, path), { recursive: true });
  }
  const { exports, ...manifest } = Object.fromEntries(Object.entries(readJson<Record<string, unknown>>(join(ROOT, 'package.json'))).filter(([name]) => !MANIFEST_LEFT_OUT.includes(name)));
  writeFileSync(join(into, 'package.json'), `${JSON.stringify({ ...manifest, exports: compiled(exports as Record<string, string>) }, null, 2)}\n`);
}

/** The types of what is exported, beside what they describe. */
export async function declareTypes(into: string): Promise<void> {
  await made(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', join(FILES, 'types.json'), '--outDir', into]);
}

/** Who imports from the package gets what the sources were compiled to. */
function compiled(exports: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(exports).map(([name, path]) => [name, path.replace(/\.ts$/, '.js')]));
}
