/**
 * An SDK for osquery extensions in Node: tables, loggers, configurations and distributed queries as plugins of osquery 5, and a client for its extension socket.
 * `runExtension` is the whole life of an extension that osquery starts; `startExtension` is for who runs something beside it. Examples: extension/examples.
 */
export { createManagerClient, pingManager, queryManager, type ManagerClient } from './client.ts';
export { configPlugin, type Config } from './config-plugin.ts';
export { distributedPlugin, type Distributed, type DistributedQueries, type DistributedResult } from './distributed-plugin.ts';
export { loggerPlugin, type Logger, type StatusLine } from './logger-plugin.ts';
export type { Answer, CallContext, Plugin } from './plugin.ts';
export { argumentsOf, runExtension, type ExtensionArguments } from './run.ts';
export { startExtension, type Extension, type ExtensionOptions } from './server.ts';
export { tablePlugin } from './table-plugin.ts';
export type { EncodedRows, ExtensionInfo, ExtensionResponse, ExtensionStatus, OptionInfo, Registry, StringMap } from './types.ts';
export { equals, Operator, type Column, type ColumnType, type Constraint, type GatheredTable, type QueryContext, type Row, type Table, type Value } from '../model/table.ts';
