/** The references in docs/: commands, tables and actions as the code describes them. */
import { z } from 'zod';
import type { Action } from '../../actions/index.ts';
import type { Column } from '../../model/table.ts';
import { flat, type CommandText, type OptionText } from './model.ts';

export interface TableText {
  name: string;
  description: string;
  columns: readonly Column[];
}

const MADE = '<!-- Made from the code by `npm run gen:docs`. -->\n';

export function commandReference(program: CommandText): string {
  const [, ...commands] = flat(program);
  return page('Commands', ['Every command takes these options, before or after its name:', optionTable(program.options), ...commands.flatMap(commandSection)]);
}

function commandSection(command: CommandText): string[] {
  const passages = command.passages.flatMap(({ title, lines }) => (title === undefined ? [lines.map(inline).join('  \n')] : [`${inline(title)}:`, fenced(lines)]));
  return [`## tickward ${command.path.join(' ')}`, `    ${command.usage}`, inline(command.summary), ...(command.options.length === 0 ? [] : [optionTable(command.options)]), ...passages];
}

function optionTable(options: readonly OptionText[]): string {
  return table(['option', 'meaning', 'environment'], options.map((option) => [`\`${option.flags}\``, inline(option.description), option.environment === undefined ? '' : `\`${option.environment}\``]));
}

export function tableReference(own: readonly TableText[], osquery: readonly TableText[]): string {
  return page('Tables', [
    "`tickward query --engine embedded` has all of these; osquery with the extension has Tickward's own beside all of osquery's. An index or a required column is one to put into the WHERE clause: the table then looks only for what it names.",
    "## Tickward's own",
    ...own.flatMap(tableSection),
    "## osquery's, in the embedded engine",
    'Columns, types and values are those of osquery.',
    ...osquery.flatMap(tableSection),
  ]);
}

function tableSection({ name, description, columns }: TableText): string[] {
  return [`### ${name}`, inline(description), table(['column', 'type', 'constraint', 'meaning'], columns.map((column) => [`\`${column.name}\``, column.type, constraintOf(column), inline(column.description ?? '')]))];
}

function constraintOf(column: Column): string {
  return [column.required === true ? 'required' : '', column.index === true ? 'index' : '', column.additional === true ? 'additional' : '', column.optimized === true ? 'optimized' : '', column.hidden === true ? 'hidden' : ''].filter(Boolean).join(', ');
}

export function actionReference(actions: readonly Action[]): string {
  return page('Actions', [
    'What a step of a playbook (`response.yaml`) can do. Each says what it would do before it does it, verifies itself, and is undone by `tickward undo` where it can be.',
    ...actions.flatMap((action) => [
      `## ${action.name}`,
      inline(action.summary),
      table(['needs', 'undo'], [[action.needs.length === 0 ? 'nothing' : action.needs.join(', '), inline(action.reversible)]]),
      parameterTable(action),
      fenced(action.example.trim().split('\n'), 'yaml'),
    ]),
  ]);
}

interface Parameter {
  type?: string;
  enum?: readonly unknown[];
  anyOf?: readonly Parameter[];
  items?: Parameter;
  default?: unknown;
  description?: string;
}

function parameterTable(action: Action): string {
  const schema = z.toJSONSchema(action.params, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, Parameter>; required?: readonly string[] };
  const parameters = Object.entries(schema.properties ?? {});
  if (parameters.length === 0) return 'No parameters.';
  return table(['parameter', 'type', 'default', 'meaning'], parameters.map(([name, parameter]) => [`\`${name}\``, inline(typeOf(parameter)), parameter.default === undefined ? (schema.required?.includes(name) === true ? 'required' : '') : `\`${JSON.stringify(parameter.default)}\``, inline(parameter.description ?? '')]));
}

function typeOf(parameter: Parameter): string {
  if (parameter.enum !== undefined) return parameter.enum.map(String).join(', ');
  if (parameter.anyOf !== undefined) return parameter.anyOf.map(typeOf).join(' or ');
  if (parameter.items !== undefined) return `list of ${typeOf(parameter.items)}`;
  return parameter.type ?? 'any';
}

function page(title: string, blocks: readonly string[]): string {
  return `${MADE}\n# ${title}\n\n${blocks.filter(Boolean).join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function fenced(lines: readonly string[], language = ''): string {
  return ['```' + language, ...lines, '```'].join('\n');
}

/** Placeholders such as <file> and globs such as *.timer stay as they are written. */
function inline(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
}
