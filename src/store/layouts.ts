/** Layouts of the events that were, and the way from each to the next. */
import { BASELINE_SCHEMA } from './baseline.ts';
import { EVENTS_SCHEMA } from './events.ts';
import { SHARED_SCHEMA } from './shared.ts';
import { SPANS_SCHEMA, SPAN_BITS } from './spans.ts';

/** 0.1.0: each event whole, as JSON. */
export const EVENTS_1 = `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- ms since the epoch
    action TEXT NOT NULL,
    path TEXT NOT NULL,
    unit TEXT NOT NULL,
    document TEXT NOT NULL -- ECS, JSON
  ) STRICT;
  CREATE INDEX events_by_time ON events (time);
  CREATE INDEX events_by_path ON events (path);
  CREATE INDEX events_by_unit ON events (unit);
`;

/** All up to the last slash: trimming every character that is no slash from the end leaves it. */
const DIRECTORY = "rtrim(path, replace(path, '/', ''))";

/** Old events stay whole. */
export const EVENTS_2_FROM_1 = `
  ALTER TABLE events RENAME TO events_1;
  DROP INDEX events_by_time;
  DROP INDEX events_by_path;
  DROP INDEX events_by_unit;
  ${EVENTS_SCHEMA}
  ${SHARED_SCHEMA}
  ${SPANS_SCHEMA}
  ${BASELINE_SCHEMA}
  INSERT INTO events (seq, id, time, action, directory, name, unit, document)
    SELECT seq, id, time, action, rtrim(${DIRECTORY}, '/'), substr(path, length(${DIRECTORY}) + 1), nullif(unit, substr(path, length(${DIRECTORY}) + 1)), document FROM events_1;
  INSERT INTO spans SELECT seq >> ${SPAN_BITS}, count(*), min(time), max(time) FROM events GROUP BY 1;
  DROP TABLE events_1;
`;

/** Layout 4: makers are short arrays. Older ones are read as they are; a Tickward that does not know the new ones is kept from reading them. */
export const MAKERS_PACKED = '';
