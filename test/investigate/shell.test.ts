import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callsOf, type Call } from '../../src/investigate/calls.ts';
import { commandsOf } from '../../src/investigate/shell.ts';

const words = (text: string): string[][] => commandsOf(text).map((command) => command.words).filter((each) => each.length > 0);

test.each([
  ['a b; c && d || e | f &', [['a', 'b'], ['c'], ['d'], ['e'], ['f']]],
  [`a 'b c' "d e" f\\ g # h`, [['a', 'b c', 'd e', 'f g']]],
  ['X=/tmp/a\n$X/run "${X}/b" $Y', [['/tmp/a/run', '/tmp/a/b', '$Y']]],
  ['if [ -x /a ]; then /a; else /b; fi', [['[', '-x', '/a', ']'], ['/a'], ['/b']]],
  ['a > /out 2>&1 < /in b', [['a', 'b']]],
  ['sh -c "$(curl http://x)"', [['sh', '-c', '$(…)'], ['curl', 'http://x']]],
  ['a `b c` <(d)', [['a', '$(…)', '$(…)'], ['b', 'c'], ['d']]],
  ['cat <<EOF\nrm -rf /\nEOF\nnext', [['cat'], ['next']]],
  ['a \\\n  b', [['a', 'b']]],
  ['case "$o" in\n  m|u) a;;\n  (n) b | c;;\n  "x") d ;;\nesac; (e); f ${g:-)}', [['case', '$o', 'in'], ['a'], ['n'], ['b'], ['c'], ['d'], ['e'], ['f', '${g:-']]],
  ['`(a)` <((b)) $((c) | (d)) $((e "f"))', [['$(…)', '$(…)', '$(…)', '$(…)'], ['a'], ['b'], ['c'], ['d'], ['e', 'f']]],
  ['x=$((now-stamp)) y=$((a[$(b c)])) z=$( (d) )', [[':', 'a[$(…)]'], ['b', 'c'], ['d']]],
])('the commands of %j', (text, wanted) => {
  expect(words(text)).toEqual(wanted);
});

test('a here-document belongs to its command', () => {
  expect(commandsOf('sh <<-END\n\tid\n\tEND\n')).toMatchObject([{ words: ['sh'], input: '\tid\n' }]);
});

test.each<[string, Call[]]>([
  ['/opt/x -a', [{ kind: 'program', path: '/opt/x' }]],
  ['. /etc/f', [{ kind: 'source', path: '/etc/f' }]],
  ['bash -x /a.sh q', [{ kind: 'program', path: 'bash' }, { kind: 'script', path: '/a.sh', interpreter: 'bash' }]],
  ['python3 -c "import os"', [{ kind: 'program', path: 'python3' }, { kind: 'inline', text: 'import os', interpreter: 'python3' }]],
  ['sudo -u bob env A=1 timeout -k 5 10 /opt/x', [{ kind: 'program', path: 'sudo' }, { kind: 'program', path: 'env' }, { kind: 'program', path: 'timeout' }, { kind: 'program', path: '/opt/x' }]],
  ["env -S '/opt/x -a' b", [{ kind: 'program', path: 'env' }, { kind: 'inline', text: "/opt/x -a 'b'", interpreter: 'sh' }]],
  ["env -iS'sh -c \"id; /x\"'", [{ kind: 'program', path: 'env' }, { kind: 'inline', text: 'sh -c "id; /x"', interpreter: 'sh' }]],
  ['env A=1 --split-string=/opt/x', [{ kind: 'program', path: 'env' }, { kind: 'inline', text: '/opt/x', interpreter: 'sh' }]],
  ['su bob -c "id; /x"', [{ kind: 'program', path: 'su' }, { kind: 'inline', text: 'id; /x', interpreter: 'sh' }]],
  ['curl -o /tmp/y http://h/y', [{ kind: 'program', path: 'curl' }, { kind: 'download', url: 'http://h/y', to: '/tmp/y' }]],
  ['wget -qO- h.example/y', [{ kind: 'program', path: 'wget' }, { kind: 'download', url: 'h.example/y', to: '' }]],
  ['exec /opt/x', [{ kind: 'program', path: '/opt/x' }]],
])('what %s runs', (text, wanted) => {
  const [command] = commandsOf(text);
  expect(callsOf(command ?? { words: [] })).toEqual(wanted);
});

test('values that contain each other do not grow without end', () => {
  const text = `A=${'a'.repeat(200)}\n${Array.from({ length: 40 }, (_, index) => `A${index + 1}=$A${index || ''}$A${index || ''}`).join('\n')}\n$A40`;
  for (const { words: found } of commandsOf(text)) for (const word of found) expect(word.length).toBeLessThan(10_000);
});

test.each(['$(', '`', '"$(\'', 'a<<x ', '$A', '((', 'a;', '<(', '"'])('a quarter of a MiB of %s is read', (part) => {
  expect(commandsOf(part.repeat(262_144 / part.length)).length).toBeLessThanOrEqual(3_000);
});

test('no text breaks the reader', () => {
  const part = fc.oneof(fc.constantFrom('"', "'", '`', '$(', ')', '<<E', '\n', 'E', '\\', ';', '|', '&', '>', '<', '#', '$x', '${', 'sh', '-c', ' ', 'x=', 'f()', '\0', '\ud800'), fc.string({ maxLength: 4 }));
  fc.assert(fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
    for (const command of commandsOf(parts.join(''))) for (const call of callsOf(command)) expect(call.kind).toBeTypeOf('string');
  }), { numRuns: 3_000 });
});
