/** Values that JSON can hold, and reading what a program printed as them. */
export type JsonValue = string | number | boolean | null | undefined | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** The named numbers and lists of numbers that a workload printed. Throws when there is anything else. */
export function numbersOf(text: string): Record<string, number[]> {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError(`no JSON object: ${text}`);
  return Object.fromEntries(
    Object.entries(parsed).map(([name, value]: [string, unknown]) => {
      const list: unknown[] = Array.isArray(value) ? value : [value];
      return [name, list.map(numberOf)];
    }),
  );
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`no number: ${String(value)}`);
  return value;
}
