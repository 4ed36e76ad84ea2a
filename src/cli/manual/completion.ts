/** Completions for bash, zsh and fish: scripts with all names in them, which start no program. */
import { flat, type CommandText, type OptionText } from './model.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completion(shell: Shell, program: CommandText): string {
  return { bash, zsh, fish }[shell](program);
}

/** `' alerts show'`: what of the line is command so far. */
const at = (command: CommandText): string => command.path.map((name) => ` ${name}`).join('');

const pathPatterns = (program: CommandText): string => flat(program).slice(1).map((command) => quote(at(command))).join(' | ');

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function isOneOf(option: OptionText): boolean {
  return option.values.length > 0;
}

function bash(program: CommandText): string {
  const commands = flat(program);
  const values = commands.flatMap((command) => command.options.filter(isOneOf).map((option) => `    ${option.names.map((name) => `${quote(at(command))}*${quote(` ${name}`)}`).join(' | ')}) words=${quote(option.values.join(' '))} ;;`));
  const taking = [...new Set(commands.flatMap((command) => command.options.filter((option) => option.takesValue && !isOneOf(option)).flatMap((option) => option.names)))];
  const own = commands.map((command) => `    ${quote(at(command))}) words=${quote([...command.commands.map(({ path }) => path.at(-1) ?? ''), ...command.values, ...command.options.flatMap(({ names }) => names)].join(' '))} ;;`);
  return `# bash completion of tickward: source <(tickward completion bash)
_tickward() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at='' words='' word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case "$at $word" in
    ${pathPatterns(program)}) at="$at $word" ;;
    esac
  done
  case "$at $before" in
${values.join('\n')}
    ${taking.map((name) => `*${quote(` ${name}`)}`).join(' | ')}) COMPREPLY=(); return ;;
    *)
      case "$at" in
${own.map((line) => `    ${line}`).join('\n')}
      esac
      words="$words ${program.options.flatMap(({ names }) => names).join(' ')} --help"
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _tickward tickward
`;
}

function zsh(program: CommandText): string {
  const commands = flat(program);
  const described = (name: string, description: string): string => quote(`${name.replaceAll(':', '\\:')}:${description}`);
  const ofOptions = (options: readonly OptionText[]): string[] => options.flatMap(({ names, description }) => names.map((name) => described(name, description)));
  const values = commands.flatMap((command) => command.options.filter((option) => option.takesValue).map((option) => `    ${option.names.map((name) => `${quote(at(command))}*${quote(` ${name}`)}`).join(' | ')}) ${isOneOf(option) ? `compadd -- ${option.values.join(' ')}` : '_files'}; return ;;`));
  const own = commands.map((command) => `    ${quote(at(command))})
      names=(${[...command.commands.map(({ path, summary }) => described(path.at(-1) ?? '', summary)), ...command.values.map((value) => quote(value))].join(' ')})
      options+=(${ofOptions(command.path.length === 0 ? [] : command.options).join(' ')}) ;;`);
  return `#compdef tickward
# zsh completion of tickward: in a directory of $fpath as _tickward, or source <(tickward completion zsh)
_tickward() {
  local at='' word
  local -a names options
  for word in \${words[2,CURRENT-1]}; do
    case "$at $word" in
    ${pathPatterns(program)}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  options=(${[...ofOptions(program.options), described('--help', 'what it does')].join(' ')})
  case "$at" in
${own.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  elif (( \${#names} )); then
    _describe command names
  else
    _files
  fi
}
if [[ \${funcstack[1]} == _tickward ]]; then
  _tickward "$@"
else
  compdef _tickward tickward
fi
`;
}

function fish(program: CommandText): string {
  const text = (given: string): string => `'${given.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const option = (condition: string, { names, description, takesValue, values }: OptionText): string =>
    ['complete -c tickward', condition, ...names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)), ...(values.length > 0 ? [`-x -a ${text(values.join(' '))}`] : takesValue ? ['-r'] : []), `-d ${text(description)}`].filter(Boolean).join(' ');
  const lines = flat(program).flatMap((command) => {
    const condition = `-n ${text(`__tickward_at "${at(command)}"`)}`;
    return [
      ...command.commands.map(({ path, summary }) => `complete -c tickward ${condition} -f -a ${path.at(-1) ?? ''} -d ${text(summary)}`),
      ...(command.values.length === 0 ? [] : [`complete -c tickward ${condition} -f -a ${text(command.values.join(' '))}`]),
      ...command.options.map((each) => option(command.path.length === 0 ? '' : condition, each)),
    ];
  });
  return `# fish completion of tickward: tickward completion fish | source
function __tickward_at
  set -l words (commandline -opc)
  set -l at ''
  for word in $words[2..-1]
    switch "$at $word"
      case ${flat(program).slice(1).map((command) => text(at(command))).join(' ')}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}
complete -c tickward -l help -s h -d 'what it does'
`;
}
