/** The event in one sentence, and what is known of the file and of who made it. */
import type { Investigation } from '../investigate/result.ts';
import { legiblePath, shownPath, type FileEvent } from '../model/event.ts';
import { clock, fill, say, shown, type Piece } from './shown.ts';
import type { Words } from './words.ts';

export interface Fact {
  label: string;
  values: string[];
}

const MOST_VALUES = 16;

export function storyOf(event: FileEvent, words: Words): Piece[] {
  const by = event.process;
  const program = by?.executable ?? by?.name;
  // Words of ours first: a value with braces in it is not read again.
  const sentence = say(program === undefined ? words.madeByUnknown : words.made, { did: words.did[event.event.action], what: words.what[event.tickward.unit_type] });
  const parent = by?.parent?.executable ?? by?.parent?.name;
  return [
    ...fill(sentence, { program: program ?? '', pid: by?.pid ?? '', user: userText(event) ?? words.notKnown, path: shownPath(event), host: event.host.name, time: clock(event['@timestamp']) }),
    ...(program === undefined || parent === undefined ? [] : fill(words.startedBy, { parent })),
  ];
}

export function factsOf({ event, alert, steps }: Investigation, words: Words): Fact[] {
  const { file, process: by, tickward } = event;
  const { fact } = words;
  const note = tickward.attribution_note === undefined ? '' : ` (${tickward.attribution_note})`;
  const facts: [label: string, values: (string | undefined)[]][] = [
    [fact.file, [legiblePath(event), file.Ext === undefined ? undefined : `← ${file.Ext.original.path}`]],
    [fact.target, [file.target_path]],
    [fact.hash, [file.hash?.sha256]],
    [fact.owner, [[file.owner ?? file.uid, file.mode, file.size === undefined ? undefined : `${file.size} B`].filter((each) => each !== undefined).join(', ')]],
    [fact.says, tickward.directives ?? []],
    [fact.runs, tickward.commands ?? commandsOf(steps)],
    [fact.program, [by === undefined ? undefined : `${by.executable ?? by.name ?? words.notKnown} (pid ${by.pid})`]],
    [fact.command, [by?.command_line]],
    [fact.directory, [by?.working_directory]],
    [fact.user, [userText(event)]],
    [fact.login, [tickward.auid]],
    [fact.attribution, [`${words.attribution[tickward.attribution]}${note}`]],
    [fact.container, [event.container?.id]],
    [fact.alert, [alert ?? undefined]],
  ];
  return facts.flatMap(([label, values]) => {
    const known = values.filter((value) => value !== undefined && value !== '').map((value) => shown(String(value)));
    const more = known.length - MOST_VALUES;
    return known.length === 0 ? [] : [{ label, values: more > 0 ? [...known.slice(0, MOST_VALUES), `… (+${more})`] : known }];
  });
}

/** Of the service that a timer starts, as the check of this name has them: `ExecStart=` and so on. */
function commandsOf(steps: Investigation['steps']): string[] {
  const service = steps.find(({ id, kind }) => id === 'service' && kind === 'check');
  return (service?.rows ?? []).flatMap(({ what, value }) => (what !== undefined && value !== undefined && /^Exec\w+=$/.test(what) ? [`${what}${value}`] : []));
}

function userText({ user }: FileEvent): string | undefined {
  return user?.name ?? user?.id;
}
