/** Alerts to syslog: one line of RFC 5424 each, as a datagram to the socket of the host. */
import type { Alert } from '../model/event.ts';
import { printable } from '../model/text.ts';
import { openDatagramSocket } from './datagram.ts';
import { summaryOf } from './document.ts';
import type { Sink, SyslogOutput } from './types.ts';

/** LOG_AUTHPRIV of syslog(3): what only administrators read. */
const FACILITY = 10;
const WARNING = 4;

/** Severities of RFC 5424, table 2; low is a notice. */
export const PRIORITIES: Record<string, number> = { critical: 2, high: 3, medium: 4, low: 5 };

/** What every receiver should take (RFC 5424, 6.1). Bytes. */
const LONGEST = 2_048;

export function createSyslogSink({ socket }: SyslogOutput): Sink {
  const connection = openDatagramSocket(socket);
  return {
    name: `syslog (${printable(socket)})`,
    concurrency: 1,
    retries: true,
    deliver: async (alert) => connection.send(syslogLine(alert, process.pid)),
    close: async () => connection.close(),
  };
}

/** `<85>1 2026-01-01T00:00:00.000Z host tickward 4711 alert - id=… rule=… …`, cut at 2,048 bytes. */
export function syslogLine(alert: Alert, pid: number): Buffer {
  const priority = FACILITY * 8 + (PRIORITIES[alert.rule.severity] ?? WARNING);
  const text = `<${priority}>1 ${alert['@timestamp']} ${hostName(alert.event.host.name)} tickward ${pid} alert - ${printable(`[${alert.id}] ${summaryOf(alert)}`)}`;
  return cut(Buffer.from(text.toWellFormed()), LONGEST);
}

/** Printable ASCII, 255 at most; `-` where there is none (RFC 5424, 6.2.4). */
function hostName(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
}

/** Not within a character. */
function cut(bytes: Buffer, length: number): Buffer {
  if (bytes.length <= length) return bytes;
  let end = length;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
