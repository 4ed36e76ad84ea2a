/** The interface of osquery (vendor/osquery/osquery.thrift, the reference): its structs, and the methods of its two services. */
import { i32, i64, list, map, struct, text, type Codec } from './binary.ts';
import type { ExtensionInfo, ExtensionResponse, ExtensionStatus, OptionInfo } from './types.ts';

export interface Method<Given extends readonly unknown[], Result> {
  /** Numbered from 1 in the order of the method. */
  readonly given: { readonly [Index in keyof Given]: Codec<Given[Index]> };
  /** undefined: it answers nothing but that it was done. */
  readonly result: Codec<Result> | undefined;
}

const method = <Given extends readonly unknown[], Result>(given: { readonly [Index in keyof Given]: Codec<Given[Index]> }, result?: Codec<Result>): Method<Given, Result> => ({ given, result });

export const status = struct<ExtensionStatus>({ code: [1, i32, 0], message: [2, text, ''], uuid: [3, i64, 0] });
const rows = list(map(text, text));
const response = struct<ExtensionResponse>({ status: [1, status, { code: 0, message: '', uuid: 0 }], response: [2, rows, []] });
const info = struct<ExtensionInfo>({ name: [1, text, ''], version: [2, text, ''], sdk_version: [3, text, ''], min_sdk_version: [4, text, ''] });
const option = struct<OptionInfo>({ value: [1, text, ''], default_value: [2, text, ''], type: [3, text, ''] });
const registry = map(text, map(text, rows));

/** What an extension serves on its own socket. */
export const EXTENSION = {
  ping: method([], status),
  call: method([text, text, map(text, text)], response),
  shutdown: method<[], void>([]),
} as const;

/** What osquery serves on the manager's socket. */
export const MANAGER = {
  ...EXTENSION,
  extensions: method([], map(i64, info)),
  options: method([], map(text, option)),
  registerExtension: method([info, registry], status),
  deregisterExtension: method([i64], status),
  query: method([text], response),
  getQueryColumns: method([text], response),
} as const;

export type MethodName = keyof typeof MANAGER;
export type GivenTo<Name extends MethodName> = (typeof MANAGER)[Name] extends Method<infer Values, infer _Result> ? Values : never;
export type ResultOf<Name extends MethodName> = (typeof MANAGER)[Name] extends Method<infer _Values, infer Value> ? Value : never;
