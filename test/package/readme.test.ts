/** The translation says as much as the README does, and what docs/ link to is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** Headings by their level, lines of tables and lists, and code without its comments. */
function shape(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const heading = /^#+ /.exec(line)?.[0];
    if (heading !== undefined) return [heading];
    if (line.startsWith('|')) return [`row of ${line.split('|').length - 2}`];
    if (line.startsWith('- ')) return ['item'];
    return line.startsWith('    ') ? [(/^(.*?)(?:\s+#.*)?$/.exec(line)?.[1] ?? '').trimEnd()] : [];
  });
}

test('README.zh-CN.md has every heading, table row, item and command of README.md', () => {
  expect(shape(read('README.zh-CN.md'))).toEqual(shape(read('README.md')));
});

test.for(['README.md', 'README.zh-CN.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)])('what %s links to is there', (name) => {
  const links = [...read(name).matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(name), link)))).toEqual([]);
});
