import { expect, test } from 'vitest';
import { COMMON } from '../../src/rule/common-fields.ts';
import { compileField } from '../../src/rule/field.ts';

const nested = (name: string, value: unknown): object => name.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as object;

test.each([...COMMON.keys(), 'a', 'a.b', 'a.b.c.d.e'])('%s is read where a document nests it, writes it dotted, or both', (name) => {
  const read = compileField(name);
  const [first = '', ...rest] = name.split('.');
  expect([nested(name, 'x'), { [name]: 'x' }, rest.length === 0 ? { a: 'x' } : { [first]: { [rest.join('.')]: 'x' } }, nested(name, ['x']), nested(name, [[null, 'x']])].map(read)).toEqual(Array(5).fill('x'));
  expect([{}, nested(name, null), nested(name, []), nested(name, [null, []]), { [first]: null }].map(read)).toEqual(Array(5).fill(undefined));
  expect(read({ ...nested(name, ['x', ['y']]), other: 1 })).toEqual(['x', 'y']);
});

test.each(['constructor', 'a.constructor.name', 'a.length', 'a.0', 'a.map', '__proto__.x'])('%s is no field of a document that does not have it', (name) => {
  expect([{}, { a: ['x', 'y'] }, { a: 'xy' }, { a: {} }, { a: 5 }].map(compileField(name))).toEqual(Array(5).fill(undefined));
});

test('a field may have the name of something that objects inherit', () => {
  expect(compileField('a.constructor')(JSON.parse('{"a":{"constructor":"x"}}') as object)).toBe('x');
});
