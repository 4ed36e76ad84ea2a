/** `tickward playbook`: what is installed, what an action can do, checking one that is being written, and beginning one. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { actions, type Action } from '../../actions/index.ts';
import { errnoOf, messageOf, TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { readPlaybook, responseFile } from '../../playbooks/responses.ts';
import { playbookNames, PLAYBOOKS, readText } from '../../playbooks/files.ts';
import { readRule } from '../../playbooks/rules.ts';
import { parseGuide } from '../../guide/parse.ts';
import { FIELDS } from '../../respond/findings.ts';
import { checkPlaybook, playbookJsonSchema } from '../../respond/playbook.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { filled } from '../filled.ts';
import { errorText } from '../output.ts';
import { playbookTemplate } from '../playbook-template.ts';

export const playbook: Register = (program, act) => {
  const command = program.command('playbook').description('playbooks: a rule, its guide and its response in one folder');
  command.addHelpText('after', '\nExamples:\n  tickward playbook list\n  tickward playbook new my-rule && tickward playbook check my-rule\n  tickward playbook actions');
  command.command('list', { isDefault: true }).description('those that are installed').addHelpText('after', '\nExamples:\n  tickward playbook list\n  tickward playbook list --json | jq .name').action(act(list));
  command
    .command('check <file...>')
    .description('checks responses (response.yaml), or whole folders with rule and guide; shows line and column of all that is wrong')
    .addHelpText('after', '\nExamples:\n  tickward playbook check playbooks/systemd-timer-created\n  tickward playbook check response.yaml --json | jq .errors\n\nExit code 1 when something is wrong.')
    .action(act((context, files: string[]) => check(context, files)));
  command
    .command('new <name>')
    .description('writes the folder of a new playbook that is right as it is, to be filled in')
    .option('--dir <directory>', 'where (default: here)', filled)
    .addHelpText('after', `\nExamples:\n  tickward playbook new my-rule\n  tickward playbook new my-rule --dir ~/playbooks`)
    .action(act((context, name: string, options: { dir?: string }) => begin(context, name, options.dir ?? '.')));
  command.command('actions').description('every action: what it needs and takes, an example, how it is undone').addHelpText('after', '\nExamples:\n  tickward playbook actions\n  tickward playbook actions --json | jq .name').action(act(listActions));
  command.command('fields').description('what conditions (`when`) and placeholders ("{{field}}") can ask for').addHelpText('after', '\nExamples:\n  tickward playbook fields\n  tickward playbook fields --json').action(act(listFields));
  command.command('schema').description('JSON Schema of response.yaml, for editors').addHelpText('after', '\nExamples:\n  tickward playbook schema > response.schema.json').action(act((context) => {
    context.out.document(playbookJsonSchema());
    return Exit.DONE;
  }));
};

function list({ out }: Context): number {
  const all = playbookNames().map((name) => {
    const { title, steps } = readPlaybook(name);
    const rule = readRule(join(PLAYBOOKS, name, 'rule.toml'));
    return { name, title, rule: rule.name, rule_id: rule.id, severity: rule.severity, steps: steps.map(({ id, kind, title: what }) => ({ id, kind, title: what })) };
  });
  if (out.json) for (const each of all) out.document(each);
  else out.table(['name', 'severity', 'steps', 'title'], all.map(({ name, severity, steps, title }) => [name, severity, steps.length, title]), ['name']);
  return Exit.DONE;
}

function check({ out }: Context, paths: readonly string[]): number {
  let isRight = true;
  for (const path of paths) {
    const errors = problemsIn(path);
    isRight &&= errors.length === 0;
    if (out.json) out.document({ file: path, ok: errors.length === 0, errors: errors.map(({ code, message, hint, place }) => ({ code, message, hint: hint ?? null, place: place ?? null })) });
    else if (errors.length === 0) out.line(`${printable(path)}: right`);
    else {
      for (const error of errors) out.line(errorText(error, false).replace(/^tickward: /, ''));
      for (const hint of new Set(errors.flatMap((error) => error.hint ?? []))) out.line(`→ ${printable(hint)}`);
    }
  }
  return isRight ? Exit.DONE : Exit.FAILED;
}

/** Of a response, or of a folder: then also that its rule and its guides load, and that it has the folder's name. */
function problemsIn(path: string): TickwardError[] {
  const file = responseFile(path);
  const found = caught(() => checkPlaybook(readText(file, 'the response'), file));
  if (file === path) return found;
  const rule = caught(() => {
    readRule(join(path, 'rule.toml'));
    return [];
  });
  const guides = ['guide.md', 'guide.zh-CN.md'].filter((name, index) => index === 0 || statSync(join(path, name), { throwIfNoEntry: false }) !== undefined);
  return [...found, ...rule, ...guides.flatMap((name) => caught(() => parseGuide(readText(join(path, name), 'the guide'), { file: join(path, name) }).problems.map((problem) => new TickwardError('BAD_INPUT', `${printable(join(path, name))}: ${problem}`))))];
}

function caught(work: () => TickwardError[]): TickwardError[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof TickwardError) return [error];
    throw error;
  }
}

function begin({ out }: Context, name: string, directory: string): number {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TickwardError('USAGE', `${printable(name)} is no name for a playbook`, { hint: 'it is of small letters, digits and dashes' });
  const folder = join(directory, name);
  const files = playbookTemplate(name);
  try {
    mkdirSync(directory, { recursive: true });
    mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text, { flag: 'wx' });
  } catch (error) {
    throw new TickwardError('FAILED', `${printable(folder)} cannot be made: ${errnoOf(error) === 'EEXIST' ? 'it is there already' : messageOf(error)}`, { hint: 'give another name, or another place with --dir', cause: error });
  }
  if (out.json) out.document({ name, folder, files: Object.keys(files) });
  else {
    out.line(`${printable(folder)} has ${Object.keys(files).join(', ')}. Fill them in, then:`);
    out.line(`  tickward playbook check ${printable(folder)}`);
    out.line(`  tickward respond --file PATH --playbook ${printable(folder.includes('/') ? folder : `./${folder}`)} --dry-run`);
    if (directory !== PLAYBOOKS) out.line(`It is installed once its folder lies in ${PLAYBOOKS}.`);
  }
  return Exit.DONE;
}

/** As it describes itself; parameters as JSON Schema. */
function describe({ name, summary, needs, params, example, undoable, reversible }: Action): { name: string; summary: string; needs: readonly string[]; params: object; example: string; undoable: boolean; undo: string } {
  return { name, summary, needs, params: z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }).properties ?? {}, example, undoable, undo: reversible };
}

function listActions({ out }: Context): number {
  for (const action of actions.map(describe)) {
    if (out.json) {
      out.document(action);
      continue;
    }
    out.line(out.paint('bold', action.name));
    out.line(`  ${action.summary}`);
    out.line(`  needs: ${action.needs.length === 0 ? 'nothing' : action.needs.join(', ')}`);
    for (const [name, schema] of Object.entries(action.params)) out.line(`  parameter ${name}: ${parameterText(schema as object)}`);
    out.line(`  undo: ${action.undo}`);
    for (const [index, line] of action.example.split('\n').entries()) out.line(`  ${index === 0 ? 'example: ' : '         '}${line}`);
    out.line();
  }
  return Exit.DONE;
}

function parameterText(schema: { type?: unknown; default?: unknown; format?: unknown; minimum?: unknown; maximum?: unknown; enum?: unknown; items?: { type?: unknown }; description?: unknown }): string {
  const type = schema.type === 'array' ? `list of ${String(schema.items?.type ?? 'values')}` : Array.isArray(schema.enum) ? schema.enum.join(', ') : String(schema.type ?? 'value');
  const most = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum;
  const bounds = schema.minimum === undefined ? [] : [most === undefined ? `from ${String(schema.minimum)}` : `${String(schema.minimum)} to ${String(most)}`];
  const more = [...(schema.format === undefined ? [] : [String(schema.format)]), ...bounds, ...(schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`])];
  return `${type}${more.length === 0 ? '' : ` (${more.join(', ')})`}${schema.description === undefined ? '' : `, ${String(schema.description)}`}`;
}

function listFields({ out }: Context): number {
  for (const { field, meaning } of FIELDS) {
    if (out.json) out.document({ field, meaning });
    else {
      out.line(out.paint('bold', field));
      out.line(`  ${meaning}`);
    }
  }
  return Exit.DONE;
}
