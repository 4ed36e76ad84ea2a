/**
 * Reading ECS fields: documents nest them, write them dotted (`"file.path"`), or mix both; arrays stand for all their elements,
 * of whatever depth. Where a document has the same field nested and dotted, the nested one counts.
 * Time: name × document at worst, for a path without arrays the parts of the name. No depth of a document exhausts the stack.
 */

import { COMMON } from './common-fields.ts';

/** The value, or an array of at least two; undefined when the field is missing, null or an empty array. */
export type Reader = (event: object) => unknown;

export type ValueTest = (value: unknown) => boolean;

export type Predicate = (event: object) => boolean;

export function compileField(name: string): Reader {
  const parts = name.split('.');
  const search = compileSearch(parts);
  if (parts.some(isInherited)) return search;
  const nested = COMMON.get(name) ?? compileNested(parts);
  const isMissing = compileMissing(name, parts);
  return (event) => {
    const value = nested(event);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    if (value === undefined && isMissing(event)) return undefined;
    return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string' ? value[0] : search(event);
  };
}

/** What objects, arrays or strings have without being given it: a plain read would find that. */
function isInherited(part: string): boolean {
  return part in Object.prototype || part in Array.prototype || /^\d+$/.test(part);
}

/** The common way, without a search: each part in the one before. */
function compileNested(parts: readonly string[]): Reader {
  return (event) => {
    let value: unknown = event;
    for (const part of parts) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[part];
    return value;
  };
}

/** Whether a search can be spared for what is not nested: a field of two parts may only stand dotted, or in one of several outer ones, besides. */
function compileMissing(name: string, [outer, inner, ...deeper]: readonly string[]): Predicate {
  if (outer === undefined || inner === undefined || deeper.length > 0) return () => false;
  return (event) => {
    const fields = event as Readonly<Record<string, unknown>>;
    return !Array.isArray(event) && !Array.isArray(fields[outer]) && fields[name] === undefined;
  };
}

/** A way to write the next parts of a name as one key, and how many of them they are. */
interface Way {
  key: string;
  parts: number;
  inherited: boolean;
}

/** Tries every way to write the name. */
function compileSearch(parts: readonly string[]): Reader {
  // From each part on: file.Ext.original → "file", "file.Ext", "file.Ext.original".
  const ways = parts.map((_, start) => parts.slice(start).map((part, index): Way => ({ key: parts.slice(start, start + index + 1).join('.'), parts: index + 1, inherited: index === 0 && isInherited(part) })));
  return (event) => {
    const found: unknown[] = [];
    collect(event, ways, 0, found);
    return found.length < 2 ? found[0] : found;
  };
}

function collect(value: unknown, ways: readonly (readonly Way[])[], depth: number, found: unknown[]): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const element of elementsOf(value)) collect(element, ways, depth, found);
    return;
  }
  const here = ways[depth];
  if (here === undefined) found.push(value);
  else if (typeof value === 'object') {
    for (const { key, parts, inherited } of here) if (!inherited || Object.hasOwn(value, key)) collect((value as Record<string, unknown>)[key], ways, depth + parts, found);
  }
}

/** What is in an array of arrays, in order; a loop, since an event may nest them a hundred thousand deep. */
function elementsOf(array: readonly unknown[]): readonly unknown[] {
  if (!array.some(Array.isArray)) return array;
  const elements: unknown[] = [];
  const open: { array: readonly unknown[]; next: number }[] = [{ array, next: 0 }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const element = top.array[top.next];
    top.next += 1;
    if (top.next > top.array.length) open.pop();
    else if (Array.isArray(element)) open.push({ array: element, next: 0 });
    else elements.push(element);
  }
  return elements;
}

/** Whether any of the values satisfies the test; false for a missing field. */
export function someOf(read: Reader, test: ValueTest): Predicate {
  return (event) => {
    const value = read(event);
    if (typeof value === 'string') return test(value);
    return Array.isArray(value) ? value.some((each) => test(each)) : value !== undefined && test(value);
  };
}

/** Whether any of the values is one of these, none of which is undefined. */
export function oneOf(read: Reader, wanted: readonly unknown[]): Predicate {
  const [only] = wanted;
  if (wanted.length === 1) {
    return (event) => {
      const value = read(event);
      return value === only || (Array.isArray(value) && value.includes(only));
    };
  }
  const all = new Set(wanted);
  return (event) => {
    const value = read(event);
    return all.has(value) || (Array.isArray(value) && value.some((each) => all.has(each)));
  };
}
