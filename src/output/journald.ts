/** Alerts to the journal by its own protocol, with fields to filter by: `journalctl TICKWARD_ALERT=…` (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). */
import type { Alert } from '../model/event.ts';
import { printable, printableJson } from '../model/text.ts';
import { openDatagramSocket } from './datagram.ts';
import { alertDocument, summaryOf } from './document.ts';
import { PRIORITIES } from './syslog.ts';
import type { JournaldOutput, Sink } from './types.ts';

/** Of every alert, for `journalctl MESSAGE_ID=` (made once, at random). */
const MESSAGE_ID = '68868a2b538e4a00a33af4db4f5a3be0';

/** What a datagram takes everywhere: net.core.wmem_default is 212,992 bytes. */
const LONGEST = 150_000;

export function createJournaldSink({ socket }: JournaldOutput): Sink {
  const connection = openDatagramSocket(socket);
  return {
    name: `the journal (${printable(socket)})`,
    concurrency: 1,
    retries: true,
    deliver: async (alert) => connection.send(journalEntry(alert)),
    close: async () => connection.close(),
  };
}

/** TICKWARD_DOCUMENT is the whole alert as ECS; one that is too long for a datagram is left out, and TICKWARD_LEFT_OUT says so. */
export function journalEntry(alert: Alert): Buffer {
  const fields = Object.entries(fieldsOf(alert)).flatMap(([name, value]) => (value === undefined ? [] : [field(name, value)]));
  const document = field('TICKWARD_DOCUMENT', printableJson(alertDocument(alert)));
  const length = fields.reduce((sum, { length: own }) => sum + own, document.length);
  return Buffer.concat([...fields, length <= LONGEST ? document : field('TICKWARD_LEFT_OUT', 'TICKWARD_DOCUMENT')]);
}

function fieldsOf(alert: Alert): Record<string, string | undefined> {
  const { rule, event } = alert;
  return {
    MESSAGE: printable(summaryOf(alert)),
    MESSAGE_ID,
    PRIORITY: String(PRIORITIES[rule.severity] ?? PRIORITIES['medium']),
    SYSLOG_IDENTIFIER: 'tickward',
    TICKWARD_ALERT: alert.id,
    TICKWARD_EVENT: event.event.id,
    TICKWARD_RULE_ID: rule.id,
    TICKWARD_RULE: rule.name,
    TICKWARD_SEVERITY: rule.severity,
    TICKWARD_TECHNIQUE: rule.threat.technique.join(' '),
    TICKWARD_PATH: event.file.path,
    TICKWARD_USER: event.user?.name ?? event.user?.id,
    TICKWARD_EXECUTABLE: event.process?.executable,
    TICKWARD_COMMAND_LINE: event.process?.command_line,
  };
}

/** The form with a length: whatever is in the value, also newlines, cannot become a field of its own. */
function field(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}
