/** One message: a call, its reply, or an exception. osquery numbers every call 0, and a reply has the number of its call. */
import { malformed, Reader, text, Type, Writer, type Codec } from './binary.ts';
import { MANAGER, status as statusCodec, type GivenTo, type Method, type MethodName, type ResultOf } from './interface.ts';
import type { ExtensionStatus } from './types.ts';

/** Strict protocol: the first two bytes of every message. */
export const VERSION = 0x8001;

const CALL = 1;
const REPLY = 2;
const EXCEPTION = 3;
const ONEWAY = 4;

/** TApplicationException: what went wrong outside of any method. */
export const Failure = { UNKNOWN_METHOD: 1, MISSING_RESULT: 5, INTERNAL_ERROR: 6 } as const;

export interface Call {
  name: string;
  seqid: number;
  /** At its arguments. */
  rest: Reader;
}

function begin(type: number, name: string, seqid: number): Writer {
  const to = new Writer();
  to.i32((VERSION << 16) | type);
  to.text(name);
  to.i32(seqid);
  return to;
}

function field(to: Writer, id: number, codec: Codec<unknown>, value: unknown): void {
  to.byte(codec.type);
  to.i16(id);
  codec.write(to, value);
}

export function encodeCall<Name extends MethodName>(name: Name, given: GivenTo<Name>): Buffer {
  const to = begin(CALL, name, 0);
  const codecs: readonly Codec<unknown>[] = MANAGER[name].given;
  for (const [index, codec] of codecs.entries()) field(to, index + 1, codec, (given as readonly unknown[])[index]);
  to.byte(Type.STOP);
  return to.bytes();
}

export function encodeReply(name: string, seqid: number, result: Codec<unknown> | undefined, value: unknown): Buffer {
  const to = begin(REPLY, name, seqid);
  if (result !== undefined) field(to, 0, result, value);
  to.byte(Type.STOP);
  return to.bytes();
}

/** The reply of `call` up to its first row: rows follow as they are, then ROWS_END. */
export function encodeRowsBegin(name: string, seqid: number, status: ExtensionStatus, count: number): Buffer {
  const to = begin(REPLY, name, seqid);
  to.byte(Type.STRUCT);
  to.i16(0);
  field(to, 1, statusCodec, status);
  to.byte(Type.LIST);
  to.i16(2);
  to.byte(Type.MAP);
  to.i32(count);
  return to.bytes();
}

/** The ends of the response and of the reply. */
export const ROWS_END = Buffer.from([Type.STOP, Type.STOP]);

export function encodeException(name: string, seqid: number, message: string, type: number): Buffer {
  const to = begin(EXCEPTION, name, seqid);
  to.byte(Type.STRING);
  to.i16(1);
  to.text(message);
  to.byte(Type.I32);
  to.i16(2);
  to.i32(type);
  to.byte(Type.STOP);
  return to.bytes();
}

function header(bytes: Buffer): { type: number; name: string; seqid: number; rest: Reader } {
  const rest = new Reader(bytes);
  const first = rest.i32();
  if (first >>> 16 !== VERSION) throw malformed('it does not begin with the version of the strict protocol');
  return { type: first & 0xff, name: rest.text(), seqid: rest.i32(), rest };
}

export function decodeCall(bytes: Buffer): Call {
  const { type, name, seqid, rest } = header(bytes);
  if (type !== CALL && type !== ONEWAY) throw malformed(`a message of the type ${type} where a call is expected`);
  return { name, seqid, rest };
}

/** Arguments that do not come are undefined. */
export function decodeArguments({ rest }: Call, { given }: Method<readonly unknown[], unknown>): unknown[] {
  const values: unknown[] = given.map(() => undefined);
  for (let type = rest.byte(); type !== Type.STOP; type = rest.byte()) {
    const index = rest.i16() - 1;
    const codec = given[index];
    if (codec?.type === type) values[index] = codec.read(rest);
    else rest.skip(type);
  }
  return values;
}

/** What the other side says instead of a result. */
export class RemoteFailure extends Error {
  override readonly name = 'RemoteFailure';
}

/** Throws RemoteFailure for an exception. */
export function decodeReply<Name extends MethodName>(bytes: Buffer, name: Name): ResultOf<Name> {
  const { type, name: answered, rest } = header(bytes);
  if (type === EXCEPTION) throw new RemoteFailure(failureText(rest));
  if (type !== REPLY || answered !== name) throw malformed(`an answer to ${answered}, which was not asked`);
  const { result } = MANAGER[name];
  let value: unknown;
  for (let of = rest.byte(); of !== Type.STOP; of = rest.byte()) {
    const id = rest.i16();
    if (id === 0 && of === result?.type) value = result.read(rest);
    else rest.skip(of);
  }
  if (result !== undefined && value === undefined) throw malformed(`an answer to ${name} without a result`);
  return value as ResultOf<Name>;
}

function failureText(rest: Reader): string {
  let message = 'unknown failure';
  for (let type = rest.byte(); type !== Type.STOP; type = rest.byte()) {
    if (rest.i16() === 1 && type === Type.STRING) message = text.read(rest);
    else rest.skip(type);
  }
  return message;
}
