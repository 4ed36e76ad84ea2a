import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileEql } from '../../src/rule/evaluate.ts';
import { parseEql } from '../../src/rule/parse.ts';
import { compileAny, compileWildcard } from '../../src/rule/wildcard.ts';
import { arbitraryDocument, arbitraryQuery, textOf } from '../helpers/arbitrary-eql.ts';
import { glob, slowly } from '../helpers/slow-eql.ts';

describe('what the slow and obvious evaluator says of a query and a document', () => {
  test('the compiled one says too', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(arbitraryQuery, fc.array(arbitraryDocument, { minLength: 1, maxLength: 4 }), (query, documents) => {
        const matches = compileEql(parseEql(textOf(query)), textOf(query));
        for (const document of documents) {
          const result = slowly(query, document);
          seen[`${result}`] += 1;
          expect(matches(document)).toBe(result);
        }
      }),
      { numRuns: 4_000 },
    );
    // Otherwise this proves nothing.
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(1_000);
  });

  test('does not depend on what was judged before', () => {
    fc.assert(
      fc.property(arbitraryQuery, arbitraryDocument, arbitraryDocument, (query, one, other) => {
        const matches = compileEql(parseEql(textOf(query)));
        const first = matches(one);
        matches(other);
        expect(matches(one)).toBe(first);
      }),
      { numRuns: 500 },
    );
  });
});

const short = (letters: string): fc.Arbitrary<string> => fc.array(fc.constantFrom(...letters), { maxLength: 9 }).map((parts) => parts.join(''));

test('wildcards match what the slow and obvious definition matches', () => {
  fc.assert(
    fc.property(short('ab*?🕰'), short('ab/🕰\uffff'), (pattern, text) => {
      expect(compileWildcard(pattern)(text)).toBe(glob([...pattern], [...text]));
    }),
    { numRuns: 5_000 },
  );
});

test('a list of wildcards matches what one of them matches, with and without case', () => {
  fc.assert(
    fc.property(fc.array(short('aBé*?.'), { maxLength: 5 }), short('aAbBéÉ.'), (patterns, text) => {
      expect(compileAny(patterns, false)(text)).toBe(patterns.some((pattern) => glob([...pattern], [...text])));
      const lower = (of: string): string[] => [...of.replaceAll('A', 'a').replaceAll('B', 'b')];
      expect(compileAny(patterns, true)(text)).toBe(patterns.some((pattern) => glob(lower(pattern), lower(text))));
    }),
    { numRuns: 5_000 },
  );
});
