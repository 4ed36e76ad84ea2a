/** Reading ECS fields: documents nest them, write them dotted, or mix both; arrays stand for all their elements. */

/** The value, or an array of values; undefined when the field is missing, null or an empty array. */
export type Reader = (event: object) => unknown;

export function compileField(name: string): Reader {
  const parts = name.split('.');
  // Every way to write the rest of a name from a part on: file.Ext.original → "file", "file.Ext", "file.Ext.original".
  const keys = parts.map((_, start) => parts.slice(start).map((__, length) => parts.slice(start, start + length + 1).join('.')));
  const read = (value: unknown, depth: number): unknown => {
    if (depth === parts.length) return value;
    if (Array.isArray(value)) return value.flatMap((element) => read(element, depth) ?? []);
    if (typeof value !== 'object' || value === null) return undefined;
    for (const [index, key] of (keys[depth] ?? []).entries()) {
      if (!Object.hasOwn(value, key)) continue;
      const found = read((value as Record<string, unknown>)[key], depth + index + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return (event) => present(read(event, 0));
}

function present(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? undefined;
  const elements = value.flat(8).filter((element) => element !== null && element !== undefined);
  if (elements.length === 0) return undefined;
  return elements.length === 1 ? elements[0] : elements;
}

/** Whether any of the values satisfies the test; false for a missing field. */
export function some(value: unknown, test: (element: unknown) => boolean): boolean {
  if (value === undefined) return false;
  return Array.isArray(value) ? value.some(test) : test(value);
}
