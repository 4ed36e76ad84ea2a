/** `npm run gen:ecs` prints src/rule/ecs.generated.js: the field names of ECS, from the package that Elastic makes of its schema. Multi-fields (`.text`) are left out: they exist in an index, no document carries them. */
import { EcsFlat, EcsVersion } from '@elastic/ecs';

interface EcsField {
  flat_name: string;
  type: string;
  normalize: readonly string[];
  allowed_values?: readonly { name: string }[];
}

const schema: Readonly<Record<string, EcsField>> = EcsFlat;

/** Types whose inside ECS leaves open. */
const OPEN = new Set(['object', 'flattened', 'nested', 'geo_point']);

export function ecsModule(): string {
  const children = new Map<string, string[]>();
  const add = (name: string, sign: string): void => {
    const dot = name.lastIndexOf('.');
    const parent = dot < 0 ? '-' : name.slice(0, dot);
    children.set(parent, [...(children.get(parent) ?? []), name.slice(dot + 1) + sign]);
  };
  for (const field of Object.values(schema)) add(field.flat_name, signOf(field));
  const lines = [...children].sort(([a], [b]) => (a < b ? -1 : 1)).map(([parent, names]) => [parent, ...names.sort()].join(' '));
  const categories = schema['event.category']?.allowed_values?.map(({ name }) => name) ?? [];
  return `// The field names of the Elastic Common Schema, from @elastic/ecs ${EcsVersion} (Apache-2.0): npm run gen:ecs.
// A line is a parent (- for none) and the names below it; [] may hold several values, {} has names of its own below.
export const ecsVersion = '${EcsVersion}';

/** What event.category may hold. */
export const eventCategories = '${categories.join(' ')}'.split(' ');

export const ecsFields = \`
${lines.join('\n')}
\`;
`;
}

function signOf({ type, normalize }: EcsField): string {
  if (OPEN.has(type)) return '{}';
  return normalize.includes('array') ? '[]' : '';
}

if (import.meta.main) process.stdout.write(ecsModule());
