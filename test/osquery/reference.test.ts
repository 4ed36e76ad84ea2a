/** Our messages and those of the generated code are the same bytes, and read the same, whatever is in them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MANAGER, type MethodName } from '../../src/osquery/interface.ts';
import { decodeReply, encodeCall, encodeReply } from '../../src/osquery/message.ts';
import { answerer } from '../../src/osquery/listen.ts';
import type { ManagerHandler } from '../../src/osquery/types.ts';
import { collector, framed } from '../helpers/recording.ts';
import { generatedAnswer, generatedCall } from '../helpers/thrift.ts';

const text = fc.string({ unit: 'grapheme' });
// The generated code puts keys into plain objects, where this one is lost.
const key = text.filter((name) => name !== '__proto__');
const textMap = fc.dictionary(key, text, { noNullPrototype: true });
const rows = fc.array(textMap, { maxLength: 4 });
const uuid = fc.integer({ min: 0, max: 2 ** 47 });
const status = fc.record({ code: fc.integer(), message: text, uuid });
const response = fc.record({ status, response: rows });
const info = fc.record({ name: text, version: text, sdk_version: text, min_sdk_version: text });
const registry = fc.dictionary(key, fc.dictionary(key, rows, { maxKeys: 3, noNullPrototype: true }), { maxKeys: 3, noNullPrototype: true });

const METHODS: Record<MethodName, { given: fc.Arbitrary<unknown>[]; result: fc.Arbitrary<unknown> }> = {
  ping: { given: [], result: status },
  call: { given: [text, text, textMap], result: response },
  shutdown: { given: [], result: fc.constant(undefined) },
  // The generated code writes keys that are numbers wrongly: node-int64 takes their text for hexadecimal.
  extensions: { given: [], result: fc.constant({}) },
  options: { given: [], result: fc.dictionary(key, fc.record({ value: text, default_value: text, type: text }), { noNullPrototype: true }) },
  registerExtension: { given: [info, registry], result: status },
  deregisterExtension: { given: [uuid], result: status },
  query: { given: [text], result: response },
  getQueryColumns: { given: [text], result: response },
};

/** Of the generated code's structs and its 64-bit integers. */
const values = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null, (_, each: unknown) => (typeof each === 'object' && each !== null && 'toNumber' in each ? Number(each) : each)));

describe.each(Object.entries(METHODS))('%s', (name, { given, result }) => {
  const method = name as MethodName;

  test('the call', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(...given), result, async (sent, answer) => {
        const ours = encodeCall(method, sent as never);
        const theirs = generatedCall(method, sent);
        expect(ours.toString('base64')).toBe(theirs.sent.toString('base64'));
        expect(values((await generatedAnswer(method, ours, answer)).given)).toEqual(values(sent));
        const seen: unknown[][] = [];
        const handler = { [method]: (...taken: unknown[]) => (seen.push(taken), answer) } as unknown as ManagerHandler;
        for (const message of framed(theirs.sent, 5)) await answerer('manager', handler)(message, collector().socket);
        expect(seen).toEqual([sent]);
      }),
      { numRuns: 50 },
    );
  });

  test('the reply', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(...given), result, async (sent, answer) => {
        const ours = encodeReply(method, 0, MANAGER[method].result, answer);
        const { reply } = await generatedAnswer(method, encodeCall(method, sent as never), answer);
        expect(ours.toString('base64')).toBe(reply.toString('base64'));
        expect(decodeReply(reply, method)).toEqual(answer);
        expect(values(await generatedCall(method, sent).receive(ours))).toEqual(values(answer));
      }),
      { numRuns: 50 },
    );
  });
});
