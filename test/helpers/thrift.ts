/** The reference: what the thrift package and the code that Debian's compiler generates from vendor/osquery/osquery.thrift make of the interface. */
import { createRequire } from 'node:module';

interface Transport {
  commitPosition(): void;
}

interface TransportClass {
  new (buffer: undefined, onFlush: (message: Buffer) => void): Transport;
  receiver(callback: (reader: Transport) => void, seqid: number): (data: Buffer) => void;
}

interface Protocol {
  readMessageBegin(): { fname: string; mtype: number; rseqid: number };
}

type ProtocolClass = new (transport: Transport, strictRead?: boolean, strictWrite?: boolean) => Protocol;

interface Client {
  new_seqid: () => number;
  [method: string]: unknown;
}

interface Generated {
  Client: new (output: Transport, protocol: ProtocolClass) => Client;
  Processor: new (handler: object) => { process(input: Protocol, output: Protocol): void };
}

const require = createRequire(import.meta.url);
const { TBufferedTransport, TBinaryProtocol } = require('thrift') as { TBufferedTransport: TransportClass; TBinaryProtocol: ProtocolClass };
const ExtensionManager = require('../../vendor/osquery/gen-nodejs/ExtensionManager.js') as Generated;

/** The bytes of a call by the generated client, and what it makes of the bytes of a reply. */
export function generatedCall(method: string, given: readonly unknown[]): { sent: Buffer; receive: (reply: Buffer) => Promise<unknown> } {
  const sent: Buffer[] = [];
  const client = new ExtensionManager.Client(new TBufferedTransport(undefined, (message) => sent.push(message)), TBinaryProtocol);
  client.new_seqid = () => 0;
  const reply = (client[method] as (...values: unknown[]) => Promise<unknown>).apply(client, [...given]);
  const receive = TBufferedTransport.receiver((reader) => {
    const input = new TBinaryProtocol(reader, true, true);
    const { fname, mtype, rseqid } = input.readMessageBegin();
    (client[`recv_${fname}`] as (...values: unknown[]) => void).call(client, input, mtype, rseqid);
  }, 0);
  return {
    sent: Buffer.concat(sent),
    receive(bytes) {
      receive(bytes);
      return reply;
    },
  };
}

/** What the generated server answers to the bytes of a call, and what it gave to the method. */
export function generatedAnswer(method: string, call: Buffer, result: unknown): Promise<{ given: unknown[]; reply: Buffer }> {
  return new Promise((resolve) => {
    let given: unknown[] = [];
    const arity: Record<string, number> = { call: 3, registerExtension: 2, deregisterExtension: 1, query: 1, getQueryColumns: 1 };
    // It takes a method for one with a callback when it has a parameter more.
    const answer = Object.defineProperty(async (...values: unknown[]) => ((given = values), result), 'length', { value: arity[method] ?? 0 });
    const processor = new ExtensionManager.Processor({ [method]: answer });
    const output = new TBinaryProtocol(new TBufferedTransport(undefined, (reply) => resolve({ given, reply })), true, true);
    TBufferedTransport.receiver((reader) => processor.process(new TBinaryProtocol(reader, true, true), output), 0)(call);
  });
}
