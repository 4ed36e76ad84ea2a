import { readFileSync } from 'node:fs';
import peggy from 'peggy';
import { expect, test } from 'vitest';
import { ecsModule } from '../helpers/ecs-fields.ts';

test('the generated parser is the one that eql.peggy gives (else: npm run gen:eql)', () => {
  const grammar = new URL('../../src/rule/eql.peggy', import.meta.url);
  const generated = peggy.generate(readFileSync(grammar, 'utf8'), { output: 'source', format: 'es', grammarSource: 'src/rule/eql.peggy', allowedStartRules: ['Start'] });
  const body = (source: string): string => source.slice(source.indexOf('"use strict"') < 0 ? source.indexOf('class') : source.indexOf('class')).replace(/\s+/g, ' ').trim();
  expect(body(readFileSync(new URL('../../src/rule/eql.generated.js', import.meta.url), 'utf8'))).toBe(body(generated));
});

test('the list of field names is the one that @elastic/ecs gives (else: npm run gen:ecs)', () => {
  expect(readFileSync(new URL('../../src/rule/ecs.generated.js', import.meta.url), 'utf8')).toBe(ecsModule());
});
