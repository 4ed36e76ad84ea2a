/** The man page tickward(1), in the macros of man(7). */
import { flat, type CommandText, type OptionText, type Passage } from './model.ts';

export function manPage(program: CommandText, version: string): string {
  const commands = flat(program).slice(1).filter((command) => command.commands.length === 0 || command.options.length > 0);
  return lines(
    '.\\" Made from the commands by `npm run gen:docs`.',
    `.TH TICKWARD 1 "" "tickward ${version}" "User Commands"`,
    '.SH NAME',
    'tickward \\- finds systemd timers made by someone who should not and takes them out',
    '.SH SYNOPSIS',
    '.B tickward',
    '.RI [ options ] " command " [ arguments ]',
    '.SH DESCRIPTION',
    text(program.summary),
    '.SH OPTIONS',
    'They stand before or after the command, and every command has them.',
    ...program.options.map(option),
    '.SH COMMANDS',
    ...commands.map(section),
    ...program.passages.flatMap((each) => shown('.SH', each)),
    '.SH ENVIRONMENT',
    'The command line wins over these, these over the configuration.',
    ...program.options.filter((each) => each.environment !== undefined).map((each) => item(each.environment ?? '', `as ${each.names[0] ?? ''}`)),
    item('TICKWARD_NODE', 'the Node.js that runs the program (24.12 or newer)'),
    '.SH FILES',
    item('/etc/tickward/config.yaml', 'settings; read only when nobody else than its owner may write it'),
    item('/var/lib/tickward', 'events, alerts, the journal of responses and the quarantine'),
    '.SH SEE ALSO',
    '.BR systemd.timer (5),',
    '.BR systemctl (1),',
    '.BR nft (8)',
  );
}

function section(command: CommandText): string {
  return lines(`.SS ${quoted(command.usage)}`, text(command.summary), ...command.options.map(option), ...command.passages.flatMap((each) => shown('.PP', each)));
}

function shown(macro: '.SH' | '.PP', { title, lines: content }: Passage): string[] {
  const heading = macro === '.SH' ? [`.SH ${quoted((title ?? 'NOTES').toUpperCase())}`] : ['.PP', ...(title === undefined ? [] : [text(`${title}:`)])];
  return title === undefined ? [...heading, ...content.map(text)] : [...heading, '.nf', ...content.map(text), '.fi'];
}

function option({ flags, description, values, environment }: OptionText): string {
  const more = [...(values.every((value) => description.includes(value)) ? [] : [`one of ${values.join(', ')}`]), ...(environment === undefined ? [] : [`environment: ${environment}`])];
  return item(flags, more.length === 0 ? description : `${description} (${more.join('; ')})`);
}

function item(term: string, description: string): string {
  return lines('.TP', `.B ${text(term)}`, text(description));
}

function lines(...each: string[]): string {
  return each.map((line) => (line.endsWith('\n') ? line : `${line}\n`)).join('');
}

/** A line of text: nothing in it is a request or an escape, and a hyphen stays one that can be copied. */
function text(given: string): string {
  const escaped = given.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('…', '...').replaceAll('·', ';');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function quoted(given: string): string {
  return `"${text(given).replaceAll('"', '\\(dq')}"`;
}
