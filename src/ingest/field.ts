/** Values of documents that others wrote, checked: what is there but of another type is an error that names the field, never a value by accident. */
import { TickwardError } from '../model/errors.ts';
import { compileField } from '../rule/field.ts';

/** Reads a field, nested or dotted; undefined where it is missing, null or empty. Throws BAD_INPUT for another type. */
export type Field<Value> = (document: object) => Value | undefined;

/** Numbers and booleans count as text, as Elasticsearch takes them for a keyword. Half surrogate pairs read U+FFFD. */
export function textField(name: string): Field<string> {
  const read = exactTextField(name);
  return (document) => read(document)?.toWellFormed();
}

/** The text as it stands: bytes that were no UTF-8 stay what `textOfBytes` made of them. */
export function exactTextField(name: string): Field<string> {
  const read = compileField(name);
  return (document) => {
    const value = read(document);
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw wrong(name, 'text', value);
  };
}

/** A whole number from 0, also written as text, as osquery does. */
export function countField(name: string): Field<number> {
  const read = compileField(name);
  return (document) => {
    const value = read(document);
    if (value === undefined || value === '') return undefined;
    const count = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
    throw wrong(name, 'a whole number', value);
  };
}

/** Texts; one alone is a list of one. */
export function textsField(name: string): Field<string[]> {
  const read = compileField(name);
  return (document) => {
    const value = read(document);
    if (value === undefined) return undefined;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.map((each) => {
      if (typeof each === 'string') return each.toWellFormed();
      if (typeof each === 'number' || typeof each === 'boolean') return String(each);
      throw wrong(name, 'a list of texts', each);
    });
  };
}

/** Until the year 9999: later dates have another form. ms */
const LATEST = 253_402_300_799_999;

/** A date as ECS has it, ISO 8601 or ms since the epoch; gives ms since the epoch. */
export function dateField(name: string): Field<number> {
  const read = compileField(name);
  return (document) => {
    const value = read(document);
    if (value === undefined || value === '') return undefined;
    const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value;
    if (typeof time === 'number' && time >= 0 && time <= LATEST) return Math.floor(time);
    throw wrong(name, 'a date (ISO 8601, or ms since 1970)', value);
  };
}

/** Unix seconds, also written as text, as osquery has them; gives ms. */
export function secondsField(name: string): Field<number> {
  const read = countField(name);
  return (document) => {
    const seconds = read(document);
    if (seconds === undefined || seconds === 0) return undefined;
    if (seconds * 1_000 > LATEST) throw wrong(name, 'a time in Unix seconds', seconds);
    return seconds * 1_000;
  };
}

/** The value, or BAD_INPUT that says which field is missing. */
export function needed<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw new TickwardError('BAD_INPUT', `it has no ${name}`);
  return value;
}

type Present<Shape> = { [Key in keyof Shape as undefined extends Shape[Key] ? never : Key]: Shape[Key] } & { [Key in keyof Shape as undefined extends Shape[Key] ? Key : never]?: Exclude<Shape[Key], undefined> };

/** Leaves away what is undefined: an absent field has no key. */
export function present<Shape extends object>(shape: Shape): Present<Shape> {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Present<Shape>;
}

function wrong(name: string, wanted: string, value: unknown): TickwardError {
  return new TickwardError('BAD_INPUT', `${name} should be ${wanted}, and is ${typeName(value)}`);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
