/** The page as text: nothing of the host becomes markup, what is left out is said, and it reads from the verdict down. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Investigation } from '../../src/investigate/result.ts';
import { CHINESE_SIGNS } from '../../src/report/chinese-signs.ts';
import { POLICY, reportHtml } from '../../src/report/index.ts';
import { viewOf } from '../../src/report/view.ts';
import { DARK, LIGHT } from '../../src/report/style.ts';
import { everyText, HOSTILE, investigationOf, stepOf, taskOf } from '../helpers/investigation.ts';

const OPTIONS = { lang: 'en', data: 'out.json', version: '1.2.3' } as const;

function page(changes: Partial<Investigation> = {}): string {
  return reportHtml(investigationOf(changes), OPTIONS);
}

function tagsOf(html: string): string[] {
  return [...html.matchAll(/<!?\/?[a-z][a-z0-9]*/gi)].map(([tag]) => tag);
}

function body(html: string): string {
  return html.slice(html.indexOf('<body>'));
}

test('no text of the host changes the structure of the page', { timeout: 300_000 }, () => {
  const plain = tagsOf(reportHtml(everyText(investigationOf(), 'x'), OPTIONS));
  const marks = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '`', '=', '/', '{', '}', '!', '-', '\u0000', '\u202e', '\ud800', '\udc80', '\n', 'script', 'style', 'x', '漢'), minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(marks, fc.string({ unit: 'binary', minLength: 1 })), (text) => {
      expect(tagsOf(reportHtml(everyText(investigationOf(), text), OPTIONS))).toEqual(plain);
    }),
    { numRuns: 150 },
  );
});

test('characters that hide, move or reorder text stand as escapes', () => {
  const html = reportHtml(everyText(investigationOf(), HOSTILE), { ...OPTIONS, data: `${HOSTILE}.json` });
  expect(body(html)).toContain('\\u{202e}');
  expect(body(html)).toContain('\\e[31m');
  expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])/);
});

test('the command for what comes next names a file that no sensor saw as it is shown, also one that is no UTF-8', () => {
  const { event } = investigationOf();
  const next = (path: string, more: object = {}): string => viewOf(investigationOf({ alert: null, event: { ...event, file: { ...event.file, path }, tickward: { ...event.tickward, ...more } } }), OPTIONS).next;
  expect(next('/etc/a\nb.timer')).toBe(String.raw`tickward respond --file '/etc/a\nb.timer' --dry-run`);
  expect(next('/etc/\ufffd.timer', { path_bytes: Buffer.from('/etc/\xff.timer', 'latin1').toString('base64') })).toBe(String.raw`tickward respond --file '/etc/\xff.timer' --dry-run`);
});

test('the policy lets in the one style sheet and nothing else, and the page asks for nothing', () => {
  const html = reportHtml(everyText(investigationOf(), HOSTILE), OPTIONS);
  const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? '';
  expect(POLICY).toContain("default-src 'none'");
  expect(POLICY).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  expect(style).not.toMatch(/url\(|@import|expression/);
  expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'));
  expect([...html.matchAll(/<[^>]*\s(on\w+|src|style|srcdoc|action)=/g)]).toEqual([]);
  expect([...html.matchAll(/<[^>]*\shref="([^"]*)"/g)].map(([, link]) => link).filter((link) => !/^(?:#[\w-]+|\.\/[\w.%~!*()'-]+)$/.test(link ?? ''))).toEqual([]);
});

test.each(['javascript:alert(1).json', '../../etc/x.json', 'a"b.json'])('a data file called %s is a link beside the page', (data) => {
  const link = /href="(\.\/[^"]*)"/.exec(reportHtml(investigationOf(), { ...OPTIONS, data }))?.[1];
  expect(link).toBe(`./${encodeURIComponent(data)}`);
});

test('it reads from the verdict and what happened, over timeline and processes, to the steps and the indicators', () => {
  const html = page();
  const text = html.replaceAll(/<[^>]+>/g, '');
  expect(text).toContain('/usr/bin/dash (pid 4242), run by root, created the timer /etc/systemd/system/evil.timer on web1 at 2026-11-24 22:46:26.208 UTC. It was started by /usr/sbin/cron.');
  const places = ['<h1 id="verdict">Suspicious', 'created the', 'What speaks for an attack', 'ExecStart fetches', 'tickward respond 01a20fbd2ea000013ae46580-33b8f6cd --dry-run', 'id="timeline"', 'class="strip"', 'id="processes"', 'class="tree"', 'id="steps"', 'SELECT * FROM file', 'id="indicators"', 'hxxp://evil[.]example/x.sh', 'id="about"'].map((part) => html.indexOf(part));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
});

test('what the timer starts stands among the facts', () => {
  const service = stepOf({ id: 'service', kind: 'check', columns: ['what', 'value'], rows: [{ what: 'unit', value: 'evil.service' }, { what: 'ExecStart=', value: '/opt/x.sh --now' }] });
  expect(page({ steps: [service] })).toMatch(/<dt>It runs<\/dt><dd class="host">ExecStart&#x3D;\/opt\/x\.sh --now<\/dd>/);
});

test('a maker that is not known is not named, and the response is for the file then', () => {
  const { event } = investigationOf();
  const { process: _by, ...rest } = event;
  const text = page({ alert: null, event: { ...rest, file: { ...rest.file, path: "/etc/systemd/system/it's.timer" }, tickward: { ...rest.tickward, attribution: 'none', attribution_note: 'no sensor saw it' } } }).replaceAll(/<[^>]+>/g, '');
  expect(text).toContain('which process did it is not known');
  expect(text).toContain('not known (no sensor saw it)');
  expect(text).toContain('--file &#x27;/etc/systemd/system/it&#x27;\\&#x27;&#x27;s.timer&#x27; --dry-run');
});

test('of 10,000 rows the first are shown, the cut is said, and so is that of a long value', () => {
  const rows = Array.from({ length: 10_000 }, (_, row) => ({ a: `row ${row}`, b: 'y'.repeat(5_000) }));
  const html = page({ steps: Array.from({ length: 60 }, (_, id) => stepOf({ id: String(id), columns: ['a', 'b'], rows })) });
  expect(html).toContain('100 of 10000 rows are shown; out.json has all of them.');
  expect(html).toContain('… (+4400)');
  expect(html).not.toContain('row 100<');
  expect(html.length).toBeLessThan(5_000_000);
  // The last tables get no room any more, and say so.
  expect(html).toContain('0 of 10000 rows are shown');
});

test('each query stands with what answered it, what was repaired, why it failed or was not done', () => {
  const html = page({
    steps: [
      stepOf({ title: 'One', sql: "SELECT 'a<b'", repairs: ['7 quotes'], warnings: ['not all read'] }),
      stepOf({ id: '2', title: 'Two', error: 'no such table: <x>' }),
      stepOf({ id: '3', title: 'Three', skipped: 'user.name is missing', sql: null, engine: null }),
      taskOf('Four?', { id: '4', answer: 'suspicious', checks: ['2', 'gone'] }),
    ],
  });
  expect(html).toMatch(/One[^]*answered by embedded · rows: 0[^]*Warning:[^]*not all read[^]*Repaired:[^]*7 quotes[^]*No rows\.[^]*SELECT &#x27;a&lt;b&#x27;/);
  expect(html).toMatch(/Two[^]*Failed:[^]*no such table: &lt;x&gt;/);
  expect(html).toMatch(/Three[^]*Not done:[^]*user\.name is missing/);
  expect(html).toMatch(/☑[^]*Four\?[^]*looked at: suspicious[^]*<a href="#step-2">Two<\/a>/);
});

test('in Chinese it is Chinese, also what the signs mean', () => {
  const html = reportHtml(investigationOf(), { ...OPTIONS, lang: 'zh-CN' });
  expect(html).toContain('<html lang="zh-CN">');
  expect(html.replaceAll(/<[^>]+>/g, '')).toContain('root 运行的 /usr/bin/dash（pid 4242）于 2026-11-24 22:46:26.208 UTC 在主机 web1 上创建了定时器 /etc/systemd/system/evil.timer。它由 /usr/sbin/cron 启动。');
  expect(html).toContain('从网络下载并运行。 <span class="host" lang="en">ExecStart fetches');
});

test('each sign that an investigation gives has its Chinese', () => {
  const sources = globSync('**/*.ts', { cwd: join(import.meta.dirname, '../../src/investigate') }).map((file) => readFileSync(join(import.meta.dirname, '../../src/investigate', file), 'utf8'));
  const ids = new Set(sources.flatMap((source) => [...source.matchAll(/id: '([a-z-]+)', weight: '/g)].map(([, id]) => id ?? '')));
  expect(ids.size).toBeGreaterThan(20);
  expect([...ids].filter((id) => !Object.hasOwn(CHINESE_SIGNS, id))).toEqual([]);
});

/** Contrast of two colours by WCAG 2, from 1 to 21. */
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [one, other].map(luminance).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test.each([['light', LIGHT], ['dark', DARK]])('in the %s every text can be told from its ground', (_, { ground, raised, sunk, rule: _rule, ...texts }) => {
  for (const [name, text] of Object.entries(texts)) for (const below of [ground, raised, sunk]) expect(contrast(text, below), `${name} on ${below}`).toBeGreaterThanOrEqual(4.5);
});

test('tables have headings for each column, graphics have names, and headings go down one level at a time', () => {
  const html = page();
  for (const [table] of html.matchAll(/<table[^]*?<\/table>/g)) expect(table).toMatch(/<thead><tr>(?:<th scope="col">[^<]+<\/th>)+<\/tr><\/thead>/);
  for (const [svg] of html.matchAll(/<svg[^>]*>/g)) expect(svg).toMatch(/aria-hidden="true"|role="img" aria-label="[^"]+"/);
  const levels = [...html.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
  expect(levels[0]).toBe(1);
  expect(levels.filter((level, index) => level > (levels[index - 1] ?? 1) + 1)).toEqual([]);
});
