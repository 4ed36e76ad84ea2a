/** Made-up alerts for tests. */
import type { Alert } from '../../src/model/event.ts';
import { fileEvent } from './events.ts';

let count = 0;

export function alertOf(changes: Partial<Alert> = {}): Alert {
  count += 1;
  const event = changes.event ?? fileEvent();
  return { id: `${event.event.id}-${String(count).padStart(8, '0')}`, '@timestamp': event['@timestamp'], status: 'open', rule: { id: 'rule', name: 'A rule', version: 1, severity: 'low', risk_score: 21, threat: { tactic: 'TA0003', technique: ['T1053.006'] } }, event, ...changes };
}
