/** The only list of commands, in the order in which --help shows them. */
import type { Register } from '../context.ts';
import { doctor } from './doctor.ts';
import { drill } from './drill.ts';
import { alerts, events } from './events.ts';
import { guide } from './guide.ts';
import { investigate } from './investigate.ts';
import { query } from './query.ts';
import { respond } from './respond.ts';
import { rule } from './rule.ts';
import { runs, undo } from './runs.ts';
import { timers } from './timers.ts';
import { watch } from './watch.ts';

export const commands: readonly Register[] = [drill, watch, events, alerts, timers, query, investigate, respond, undo, runs, rule, guide, doctor];
