import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadRule } from '../../src/rule/load.ts';
import { createDetector, type Suppression } from '../../src/rule/detect.ts';
import { compileEql } from '../../src/rule/evaluate.ts';
import { parseEql } from '../../src/rule/parse.ts';
import { fileEvent } from '../helpers/events.ts';
import type { FileEvent } from '../../src/model/event.ts';

const FILE = new URL('../../playbooks/systemd-timer-created/rule.toml', import.meta.url);
const rule = loadRule(readFileSync(FILE, 'utf8'), 'rule.toml');

const fires = (document: FileEvent): boolean => rule.run.runs && rule.run.matches(document);

const DIRECTORIES = ['/etc/systemd/system', '/etc/systemd/user', '/lib/systemd/system', '/usr/lib/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/user', '/home/alice/.config/systemd/user', '/home/alice/.local/share/systemd/user', '/root/.config/systemd/user', '/root/.local/share/systemd/user'];

const EXECUTABLES = '/bin/dpkg /usr/bin/dpkg /bin/dockerd /usr/bin/dockerd /usr/sbin/dockerd /bin/microdnf /usr/bin/microdnf /bin/rpm /usr/bin/rpm /bin/snapd /usr/bin/snapd /bin/yum /usr/bin/yum /bin/dnf /usr/bin/dnf /bin/podman /usr/bin/podman /bin/dnf-automatic /usr/bin/dnf-automatic /bin/pacman /usr/bin/pacman /usr/bin/dpkg-divert /bin/dpkg-divert /sbin/apk /usr/sbin/apk /usr/local/sbin/apk /usr/bin/apt /usr/sbin/pacman /usr/bin/puppet /bin/puppet /opt/puppetlabs/puppet/bin/puppet /usr/bin/chef-client /bin/chef-client /bin/autossl_check /usr/bin/autossl_check /proc/self/exe /dev/fd/7 /usr/bin/pamac-daemon /bin/pamac-daemon /usr/lib/snapd/snapd /usr/local/bin/dockerd /usr/bin/crio /usr/sbin/crond /opt/puppetlabs/puppet/bin/ruby /usr/libexec/platform-python /kaniko/kaniko-executor /bin/install /nix/store/abc/bin/x /var/lib/dpkg/info/y.postinst /tmp/vmis.abc/z /snap/core/1/bin/w /usr/lib/virtualbox/v'.split(' ');

const NAMES = 'python3.11 python crio apt-get install snapd cloudflared sshd convert-usrmerge docker-init google_metadata_script_runner'.split(' ');

function event(changes: { path?: string; action?: FileEvent['event']['action']; process?: object | null; file?: object; os?: string } = {}): FileEvent {
  const base = fileEvent({ ...(changes.path === undefined ? {} : { path: changes.path }), ...(changes.action === undefined ? {} : { action: changes.action }) });
  const { process, ...rest } = base;
  return { ...rest, ...(changes.process === null ? {} : { process: { ...process, ...changes.process } as FileEvent['process'] & object }), file: { ...base.file, ...changes.file }, host: { ...base.host, os: { ...base.host.os, type: (changes.os ?? 'linux') as 'linux' } } };
}

describe('the shipped rule fires', () => {
  test.each(DIRECTORIES)('for a shell that writes into %s', (directory) => {
    expect(fires(event({ path: `${directory}/evil.timer` }))).toBe(true);
    expect(fires(event({ path: `${directory}/evil.timer`, action: 'rename' }))).toBe(true);
  });

  test('for a program that only begins with an excluded path, and for a path in other case', () => {
    expect(fires(event({ process: { executable: '/usr/bin/dpkg2' } }))).toBe(true);
    expect(fires(event({ path: '/ETC/systemd/SYSTEM/evil.timer' }))).toBe(true);
    expect(fires(event({ process: { executable: '/tmp/vmis', name: 'Python3' } }))).toBe(true);
  });

  test('in a directory below, as a rule for paths with * does', () => {
    expect(fires(event({ path: '/etc/systemd/system/timers.target.wants/x.timer' }))).toBe(true);
  });
});

describe('the shipped rule is silent', () => {
  test.each(EXECUTABLES)('for %s', (executable) => {
    expect(fires(event({ process: { executable, name: 'x' } }))).toBe(false);
  });

  test.each(NAMES)('for a process named %s', (name) => {
    expect(fires(event({ process: { name } }))).toBe(false);
  });

  test.each<[string, Parameters<typeof event>[0]]>([
    ['without a program', { process: null }],
    ['for a modification', { action: 'modification' }],
    ['for a deletion', { action: 'deletion' }],
    ['for a service', { path: '/etc/systemd/system/x.service' }],
    ['outside its directories', { path: '/run/systemd/transient/x.timer' }],
    ['on another system', { os: 'macos' }],
    ['for what dpkg unpacked', { action: 'rename', file: { Ext: { original: { path: '/x.dpkg-new', name: 'x.dpkg-new', extension: 'dpkg-new' } } } }],
    ['for the temporary file of sed', { path: '/etc/systemd/system/sedAbC.timer', process: { name: 'sed' } }],
    ['for the temporary file of e2scrub', { path: '/lib/systemd/system/e2scrub_all.tmp.timer', process: { name: 'perl' } }],
  ])('%s', (_, changes) => {
    expect(fires(event(changes))).toBe(false);
  });
});

test('the rule carries what the document says of it', () => {
  expect(rule).toMatchObject({ severity: 'low', risk_score: 21, interval_ms: 300_000, look_back_ms: 540_000, max_signals: 100, version: 15, index: ['logs-endpoint.events.file*'], unknown: [] });
  expect(rule.threat).toMatchObject([{ tactic: { id: 'TA0003', name: 'Persistence', reference: 'https://attack.mitre.org/tactics/TA0003/' }, techniques: [{ id: 'T1053', reference: 'https://attack.mitre.org/techniques/T1053/', subtechniques: [{ id: 'T1053.006', reference: 'https://attack.mitre.org/techniques/T1053/006/' }] }] }]);
});

test('a star in the list of programs is a plain star: it is the list of patterns that leaves out /dev/fd', () => {
  const inList = compileEql(parseEql('any where process.executable in ("/dev/fd/*")'));
  expect([inList({ process: { executable: '/dev/fd/7' } }), inList({ process: { executable: '/dev/fd/*' } })]).toEqual([false, true]);
  expect(fires(event({ process: { executable: '/dev/fd/7' } }))).toBe(false);
});

test('no more than a hundred alerts in an interval, and as many again in the next', () => {
  const detector = createDetector([rule]);
  const count = (now: number): number => Array.from({ length: 150 }, () => detector.judge(event(), now)).flat().length;
  expect([count(1_000_000), detector.suppressed, count(1_000_000 + 299_999), count(1_000_000 + 300_000)]).toEqual([100, 50, 0, 100]);
});

test('the first match without an alert of each interval is said, with the rule and how long it still goes on', () => {
  const said: Suppression[] = [];
  const detector = createDetector([{ ...rule, max_signals: 2 }, { ...rule, id: 'quiet', max_signals: 10 }], (suppression) => said.push(suppression));
  const burst = (now: number): void => void Array.from({ length: 5 }, () => detector.judge(event(), now));
  burst(1_000_000);
  burst(1_100_000);
  expect(said).toMatchObject([{ rule: { id: rule.id, name: rule.name }, given: 2, remainingMs: 300_000 }]);
  burst(1_300_000);
  expect(said).toHaveLength(2);
});

test('a clock that is set back does not silence a rule', () => {
  const detector = createDetector([{ ...rule, max_signals: 1 }]);
  expect([2_000_000, 2_000_001, 1_000_000].map((now) => detector.judge(event(), now).length)).toEqual([1, 0, 1]);
});

test('the same event gives one alert a rule, also when it comes again in the next interval, and takes no place of another', () => {
  const detector = createDetector([{ ...rule, max_signals: 2 }]);
  const made = event();
  expect([0, 1, 2, 300_000].map((now) => detector.judge(made, 1_000_000 + now).length)).toEqual([1, 0, 0, 0]);
  expect([detector.judge(event(), 1_000_003).length, detector.suppressed]).toEqual([1, 0]);
});

test('two rules give two alerts with ids of their own, and the same ids after a restart', () => {
  const rules = [{ ...rule, id: 'companion-rule-1' }, { ...rule, id: 'companion-rule-2' }];
  const made = event();
  const ids = (): string[] => createDetector(rules).judge(made, 1).map((alert) => alert.id);
  expect(new Set(ids()).size).toBe(2);
  expect(ids()).toEqual(ids());
  expect(ids().every((id) => id.startsWith(made.event.id))).toBe(true);
});

test('a rule that does not run here gives no alerts', () => {
  expect(createDetector([{ ...rule, run: { runs: false, reason: 'of another type' } }]).judge(event(), 1)).toEqual([]);
});

test('an alert names its rule and technique and carries the event', () => {
  const made = event();
  const [alert] = createDetector([rule]).judge(made, Date.parse('2026-01-01T00:00:00Z'));
  expect(alert).toMatchObject({ status: 'open', '@timestamp': '2026-01-01T00:00:00.000Z', rule: { id: rule.id, severity: 'low', risk_score: 21, threat: { tactic: 'TA0003', technique: ['T1053.006'] } }, event: made });
});
