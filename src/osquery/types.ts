/** The interface of osquery (vendor/osquery/osquery.thrift) as TypeScript sees it. */

export type StringMap = Record<string, string>;

/** `code` 0 is good, anything else is not; the message is for people. */
export interface ExtensionStatus {
  code: number;
  message: string;
  uuid: number;
}

export interface ExtensionResponse {
  status: ExtensionStatus;
  response: StringMap[];
}

/** Rows that are bytes already, or become bytes while they are sent. */
export interface EncodedRows {
  /** How many there are: it is told before the first. */
  count: number;
  /** Each row as a map of texts, one after the other; cut anywhere. */
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>;
  /** When the last of it has to be on its way, by performance.now(). */
  endsAt: number;
  /** Called once at the end, whatever happened. */
  close(): void;
}

export interface EncodedResponse {
  status: ExtensionStatus;
  encoded: EncodedRows;
}

export interface ExtensionInfo {
  name: string;
  version: string;
  sdk_version: string;
  min_sdk_version: string;
}

export interface OptionInfo {
  value: string;
  default_value: string;
  type: string;
}

/** Registry name → plugin name → route info. */
export type Registry = Record<string, Record<string, StringMap[]>>;

type Awaitable<Value> = Value | Promise<Value>;

/** What an extension answers; a promise may take its time, the manager waits. */
export interface ExtensionHandler {
  ping(): Awaitable<ExtensionStatus>;
  call(registry: string, item: string, request: StringMap): Awaitable<ExtensionResponse | EncodedResponse>;
  shutdown(): Awaitable<void>;
}

/** What osquery itself answers; the tests play it. */
export interface ManagerHandler extends ExtensionHandler {
  /** By uuid. */
  extensions(): Awaitable<Record<string, ExtensionInfo>>;
  options(): Awaitable<Record<string, OptionInfo>>;
  registerExtension(info: ExtensionInfo, registry: Registry): Awaitable<ExtensionStatus>;
  deregisterExtension(uuid: number): Awaitable<ExtensionStatus>;
  query(sql: string): Awaitable<ExtensionResponse>;
  getQueryColumns(sql: string): Awaitable<ExtensionResponse>;
}

/** The longest path of a Unix socket (sun_path less its NUL, unix(7)). */
export const LONGEST_SOCKET_PATH = 107;
