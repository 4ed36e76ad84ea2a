#!/usr/bin/env node
/**
 * A logger that writes what osqueryd finds into one file, a JSON document a line: `{"kind": "result" | "snapshot" | "status", …}`.
 *
 *   osqueryd --extensions_autoload=FILE --extensions_require=file_logger --logger_plugin=file_logger
 *
 * The file is the one that OSQUERY_LOG names, else /var/log/osquery/all.ndjson.
 */
import { appendFileSync } from 'node:fs';
import { loggerPlugin, runExtension, type Logger } from 'tickward/osquery';

const FILE = process.env['OSQUERY_LOG'] ?? '/var/log/osquery/all.ndjson';

// What throws here is given back to osqueryd, which then keeps the result and sends it again.
const write = (kind: string, document: object): void => appendFileSync(FILE, `${JSON.stringify({ kind, ...document })}\n`);

const logger: Logger = {
  name: 'file_logger',
  result: (line) => write('result', JSON.parse(line)),
  snapshot: (line) => write('snapshot', JSON.parse(line)),
  status: (lines) => lines.forEach((line) => write('status', line)),
};

await runExtension({ name: 'file_logger', version: '1.0.0', plugins: [loggerPlugin(logger)] });
