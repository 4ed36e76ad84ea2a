/** The list of what packages carry, in CycloneDX: by `npm sbom`, of those modules that `modules()` has. */
import { join } from 'node:path';
import { made, readJson, ROOT, type Build } from './build.ts';
import { modules } from './modules.ts';

interface Bom {
  serialNumber?: string;
  metadata: { component: object };
  /** A bom-ref is NAME@VERSION. */
  components: { 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * Without the number and the time that npm makes up anew each time, and without the name of the directory, which it takes for ours.
 * Not by its `--omit dev`: that leaves out whatever a tool of development needs as well.
 */
export async function billOfMaterials({ epoch, work }: Build): Promise<string> {
  const { serialNumber: _, ...bom } = JSON.parse(await made('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'], { cwd: ROOT, env: { HOME: work } })) as Bom;
  const { name, version } = readJson<{ name: string; version: string }>(join(ROOT, 'package.json'));
  const carried = new Set([`${name}@${version}`, ...modules().map(({ path, version: of }) => `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${of}`)]);
  const whole = {
    ...bom,
    metadata: { ...bom.metadata, timestamp: new Date(epoch * 1000).toISOString(), component: { ...bom.metadata.component, name } },
    components: bom.components.filter((component) => carried.has(component['bom-ref'])),
    dependencies: bom.dependencies.filter(({ ref }) => carried.has(ref)).map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => carried.has(each)) })),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}
