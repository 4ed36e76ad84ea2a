/** `tickward events`: what was seen. */
import type { FileEvent } from '../../model/event.ts';
import { whereText } from '../alert-text.ts';
import { Exit, type Register } from '../context.ts';
import { limit, listing, since, stream, type ListOptions } from '../listing.ts';
import { known } from '../named.ts';

export const events: Register = (program, act) => {
  const command = program.command('events').description('events of unit files: who made, changed, renamed or deleted which');
  command.addHelpText('after', '\nExamples:\n  tickward events --since 48h\n  tickward events list --json | jq .file.path\n  tickward events show 0193…');
  listing(command, 'events').action(act((context, options: ListOptions) => {
    const filter = { since: since(options), limit: limit(options) };
    const found = context.store().events.list(filter);
    return stream(context, found, ['time', 'action', 'path', 'process', 'user', 'attribution', 'id'], row);
  }));
  command.command('show <id>').description('one event, whole: an ECS document').addHelpText('after', '\nExamples:\n  tickward events show 0193…\n  tickward events show 0193… | jq .process').action(act((context, id: string) => {
    const { events: stored } = context.store();
    const event = stored.get(id);
    // The id of an alert is that of its event and a part for its rule.
    const ofAlert = id.slice(0, Math.max(0, id.lastIndexOf('-')));
    context.out.document(known(event, 'event', id, event === undefined && stored.get(ofAlert) !== undefined ? [ofAlert] : []));
    return Exit.DONE;
  }));
};

function row(event: FileEvent): (string | undefined)[] {
  return [event['@timestamp'], event.event.action, whereText(event), event.process?.executable, event.user?.name ?? event.user?.id, event.tickward.attribution, event.event.id];
}
