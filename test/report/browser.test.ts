/** The page in a real browser, where there is one: nothing in it runs, and nothing of it is wider than the screen. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reportHtml } from '../../src/report/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { everyText, HOSTILE, investigationOf, stepOf } from '../helpers/investigation.ts';

const BROWSER = 'chromium';

/** The document after its scripts, if any, have run. Its own sandbox needs more than a container gives, and what it opens is ours. */
function browse(html: string): string {
  const directory = temporaryDirectory();
  const file = join(directory, 'page.html');
  writeFileSync(file, html);
  const { status, stdout, stderr } = spawnSync(BROWSER, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', `--user-data-dir=${join(directory, 'profile')}`, '--dump-dom', `file://${file}`], { encoding: 'utf8', timeout: 120_000, maxBuffer: 64 * 1024 ** 2 });
  if (status !== 0) throw new Error(`${BROWSER} ended with ${status}: ${stderr}`);
  return stdout;
}

const noBrowser = spawnSync(BROWSER, ['--version']).status === 0 ? undefined : `needs a browser: apt-get install ${BROWSER}`;

/** What an expression over `page`, the document, and `view`, its window, gives. Asked from outside: the page itself runs nothing. */
function ask(html: string, expression: string, width = 1280): unknown {
  const dom = browse(`<!doctype html><title>nothing</title><iframe width="${width}" height="800" srcdoc="${html.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></iframe><script>const frame = document.querySelector('iframe'); frame.onload = () => { const page = frame.contentDocument, view = page.defaultView; document.title = encodeURIComponent(JSON.stringify(${expression})); };</script>`);
  const answer = /<title>([^<]*)<\/title>/.exec(dom)?.[1] ?? '';
  expect(answer).toMatch(/^(?:%|\d)/);
  return JSON.parse(decodeURIComponent(answer));
}

test.skipIf(noBrowser !== undefined)(`what an attacker wrote does not run (${noBrowser ?? BROWSER})`, { timeout: 300_000 }, () => {
  const unescaped = browse(`<!doctype html><title>page</title><body>${HOSTILE.toWellFormed()}`);
  expect(unescaped).toContain('<title>PWNED</title>');
  const html = reportHtml(everyText(investigationOf({ steps: [stepOf({ columns: ['a', 'b'], rows: [{ a: HOSTILE, b: 'x' }, { a: 'x', b: HOSTILE }] })] }), HOSTILE), { lang: 'en', data: `${HOSTILE}.json`, version: '1' });
  const dom = browse(html);
  expect(dom).toContain('PWNED');
  expect(dom).not.toContain('<title>PWNED');
  expect(ask(html, `page.querySelectorAll('script, img, iframe, object, [onload], [onerror], textarea').length`)).toBe(0);
});

test.skipIf(noBrowser !== undefined)(`should something get through all the same, the policy stops it (${noBrowser ?? BROWSER})`, { timeout: 300_000 }, () => {
  const html = reportHtml(investigationOf(), { lang: 'en', data: 'out.json', version: '1' });
  const dom = browse(html.replace('<main>', () => `<main>${HOSTILE.toWellFormed()}`));
  expect(dom).toContain('<script>');
  expect(dom).not.toContain('<title>PWNED');
});

test.skipIf(noBrowser !== undefined)(`the style sheet is let in, and at 375 and 1280 pixels nothing sticks out (${noBrowser ?? BROWSER})`, { timeout: 300_000 }, () => {
  const html = reportHtml(everyText(investigationOf(), 'A'.repeat(3_000)), { lang: 'en', data: 'out.json', version: '1' });
  for (const width of [375, 1280]) expect(ask(html, `[page.documentElement.scrollWidth <= ${width}, view.getComputedStyle(page.querySelector('.verdict')).borderTopWidth]`, width)).toEqual([true, '6px']);
});
