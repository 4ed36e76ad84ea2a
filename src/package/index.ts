/** `npm run package`: a .deb, an .rpm and npm's tarball, the list of what is in them and their checksums, into dist/. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../model/errors.ts';
import { VERSION } from '../version.ts';
import { epochOf, made, type Build } from './build.ts';
import { bundle } from './bundle.ts';
import { compile, declareTypes, layOut } from './compile.ts';
import { makeDeb } from './deb.ts';
import { makeRpm } from './rpm.ts';
import { billOfMaterials } from './sbom.ts';
import { fillTree, settle } from './tree.ts';

const KINDS = ['npm', 'deb', 'rpm'] as const;
type Kind = (typeof KINDS)[number];

const HELP = `npm run package -- [--out DIR] [--only npm,deb,rpm] [--quick]
  --out    where they go (dist)
  --only   not all of them
  --quick  compressed fast instead of well, and types are not checked
Needs dpkg-deb, rpmbuild, strip and npm. $SOURCE_DATE_EPOCH, else the last commit, is the time of all files: the same sources give the same bytes.`;

async function packages(kinds: readonly Kind[], build: Build): Promise<string[]> {
  const sbom = await billOfMaterials(build);
  const sbomPath = join(build.out, `tickward-${build.version}.cdx.json`);
  writeFileSync(sbomPath, sbom);
  const paths = [sbomPath];
  if (kinds.includes('deb') || kinds.includes('rpm')) paths.push(...(await hostPackages(kinds, sbom, build)));
  if (kinds.includes('npm')) {
    const compiled = join(build.work, 'compiled');
    layOut(compiled);
    await compile(compiled, build);
    await declareTypes(compiled);
    settle(compiled, build.epoch);
    paths.push(join(build.out, (await made('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', build.out], { cwd: compiled, env: { HOME: build.work } })).trim()));
  }
  return paths;
}

async function hostPackages(kinds: readonly Kind[], sbom: string, build: Build): Promise<string[]> {
  const program = join(build.work, 'program');
  layOut(program);
  await bundle(program);
  const root = join(build.work, 'root');
  await fillTree(root, program, sbom, build);
  const paths: string[] = [];
  if (kinds.includes('rpm')) paths.push(await makeRpm(root, build));
  // After it: it adds to the tree what only dpkg reads.
  if (kinds.includes('deb')) paths.push(await makeDeb(root, build));
  return paths;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' }, only: { type: 'string', default: KINDS.join(',') }, quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } });
  const kinds = KINDS.filter((kind) => values.only.split(',').includes(kind));
  if (values.help || kinds.length === 0) {
    process.stdout.write(`${HELP}\n`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'tickward-package-'));
  try {
    const paths = await packages(kinds, { version: VERSION, epoch: await epochOf(process.env), work, out, quick: values.quick });
    writeFileSync(join(out, 'SHA256SUMS'), paths.map((path) => `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${basename(path)}\n`).sort().join(''));
    for (const path of paths) process.stdout.write(`${path}  ${(statSync(path).size / 1e6).toFixed(1)} MB\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`package: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
