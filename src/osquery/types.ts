/** The interface of osquery (vendor/osquery/osquery.thrift) as TypeScript sees it. */

export type StringMap = Record<string, string>;

export interface ExtensionStatus {
  code: number;
  message: string;
  uuid: number;
}

export interface ExtensionResponse {
  status: ExtensionStatus;
  response: StringMap[];
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

/** What an extension answers; a promise may take its time, the manager waits. */
export interface ExtensionHandler {
  ping(): ExtensionStatus | Promise<ExtensionStatus>;
  call(registry: string, item: string, request: StringMap): ExtensionResponse | Promise<ExtensionResponse>;
  shutdown(): void | Promise<void>;
}

/** What osquery itself answers; the tests play it. */
export interface ManagerHandler extends ExtensionHandler {
  extensions(): Record<string, ExtensionInfo> | Promise<Record<string, ExtensionInfo>>;
  options(): Record<string, OptionInfo> | Promise<Record<string, OptionInfo>>;
  registerExtension(info: ExtensionInfo, registry: Registry): ExtensionStatus | Promise<ExtensionStatus>;
  deregisterExtension(uuid: unknown): ExtensionStatus | Promise<ExtensionStatus>;
  query(sql: string): ExtensionResponse | Promise<ExtensionResponse>;
  getQueryColumns(sql: string): ExtensionResponse | Promise<ExtensionResponse>;
}

/** The longest path of a Unix socket (sun_path less its NUL, unix(7)). */
export const LONGEST_SOCKET_PATH = 107;
