/** Who a document of another sensor names. */
import type { EcsUser } from '../model/event.ts';
import { present } from './field.ts';

/** Undefined where neither is said. A name alone is kept: it is all that some sensors say, and it means more to people than the number. */
export function userOf(id: string | undefined, name: string | undefined): EcsUser | undefined {
  return id === undefined && name === undefined ? undefined : present({ id, name });
}

/** The user of the event, and where none is said, that of its process; of a name alone the number as well where the process has the same name. */
export function userOfEvent(own: EcsUser | undefined, ofProcess: EcsUser | undefined): EcsUser | undefined {
  if (own === undefined || (own.id === undefined && own.name === ofProcess?.name)) return ofProcess;
  return own;
}
