/** Elements are found where JSON.parse finds them, and what is no JSON ends. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ABSENT, JsonScan, unescapeText, type Places } from '../../src/store/json-scan.ts';

const ELEMENTS = 6;

function scanned(bytes: Buffer): { scan: JsonScan; places: Places; isArray: boolean } {
  const places = { starts: new Int32Array(ELEMENTS).fill(ABSENT), ends: new Int32Array(ELEMENTS).fill(ABSENT) };
  const scan = new JsonScan();
  scan.read(bytes, 0, bytes.length);
  return { scan, places, isArray: scan.array(places, 0, ELEMENTS) };
}

test('the elements of an array lie where they are found', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 9 }), fc.json(), (values, behind) => {
      const text = JSON.stringify(values);
      const bytes = Buffer.from(text + behind);
      const { scan, places, isArray } = scanned(bytes);
      expect(isArray).toBe(true);
      expect(scan.at).toBe(Buffer.byteLength(text));
      expect(scan.hasEscapes).toBe(values.some((value) => typeof value === 'string' && JSON.stringify(value).includes('\\')));
      const found = Array.from(places.starts, (start, index) => (start === ABSENT ? null : bytes.toString('utf8', start, places.ends[index])));
      const said = (value: unknown): string | null => (value === undefined || value === null ? null : typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value));
      expect(found).toEqual(Array.from({ length: ELEMENTS }, (_, index) => said(values[index])));
    }),
    { numRuns: 500 },
  );
});

test('a text without its escapes is the text, or none where half of a pair is in it', () => {
  const units = fc.constantFrom('a', '"', '\\', '/', '\b', '\f', '\n', '\r', '\t', '\0', '\u001f', 'é', '漢', '😀', '\ud800', '\udc00', 'u0041');
  fc.assert(
    fc.property(fc.array(units, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      const escaped = Buffer.from(JSON.stringify(text).slice(1, -1));
      const bytes = Buffer.concat([escaped, Buffer.alloc(escaped.length)]);
      const end = unescapeText(bytes, 0, escaped.length, escaped.length);
      expect(end === undefined ? undefined : bytes.toString('utf8', escaped.length, end)).toBe(text.isWellFormed() ? text : undefined);
    }),
    { numRuns: 500 },
  );
});

test('bytes that are no JSON are gone over as far as they go', () => {
  const signs = fc.constantFrom(...'[]{}",\\n1 x').map((sign) => sign.charCodeAt(0));
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 40 }), (given) => {
      const { scan, places } = scanned(Buffer.from(given));
      expect(scan.at).toBeLessThanOrEqual(given.length);
      for (const place of [...places.starts, ...places.ends]) expect(place).toBeLessThanOrEqual(given.length);
    }),
    { numRuns: 1_000 },
  );
});
