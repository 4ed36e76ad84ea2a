/** Alerts to syslog: one line each, as a datagram to the socket of the host, in the form that syslog(3) of glibc gives it: journald and rsyslog read no other there. */
import type { Alert } from '../model/event.ts';
import { printable } from '../model/text.ts';
import { MONTHS } from '../model/timestamp.ts';
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

/** `<85>Jan  1 00:00:00 tickward[4711]: [ID] …`, in the host's own time, cut at 2,048 bytes. */
export function syslogLine(alert: Alert, pid: number): Buffer {
  const priority = FACILITY * 8 + (PRIORITIES[alert.rule.severity] ?? WARNING);
  const text = `<${priority}>${stampOf(new Date(alert['@timestamp']))} tickward[${pid}]: ${printable(`[${alert.id}] ${summaryOf(alert)}`)}`;
  return cut(Buffer.from(text.toWellFormed()), LONGEST);
}

/** RFC 3164, 4.1.2: a day below 10 has a blank before it. */
function stampOf(time: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
  return `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2)} ${clock}`;
}

/** Not within a character. */
function cut(bytes: Buffer, length: number): Buffer {
  if (bytes.length <= length) return bytes;
  let end = length;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
