import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isolate, resolver } from '../../src/actions/isolate.ts';
import type { Isolation } from '../../src/actions/isolation.ts';
import { readRules, rulesOf } from '../../src/actions/isolation-iptables.ts';
import { isQuotable, rulesetOf } from '../../src/actions/isolation-rules.ts';
import { parsePeer } from '../../src/actions/peers.ts';
import type { JournalEntry, JsonObject } from '../../src/model/journal.ts';
import { expectedIsolation } from '../../src/respond/isolation-status.ts';
import type { RunResult } from '../../src/respond/run.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { join, namespace, noNetwork } from '../helpers/network.ts';
import { anyContext } from '../helpers/response.ts';
import { PROGRAM } from '../helpers/tickward.ts';
import { until } from '../helpers/until.ts';

const params = isolate.params.parse({});
const wanted = (changes: Partial<Isolation> = {}): Isolation => ({ peers: [], dns: [], dhcp: true, seconds: 60, ...changes });

describe('the rules', () => {
  test('nothing of a run id but digits, letters and dashes gets into them', () => {
    expect(rulesetOf(wanted(), 'a" }\nflush ruleset', [])).not.toContain('flush ruleset');
    expect(rulesOf(4, wanted(), 'a"\nCOMMIT\n', 0).join('\n')).not.toMatch(/^COMMIT$/m);
  });

  test.each(['a"b', 'x}', 'a b', '', 'a;b', '0123456789abcdef'])('%j is no name of an interface to put into them', (name) => {
    expect(isQuotable(name)).toBe(false);
  });

  test('interfaces beyond what a chain can have get another one', () => {
    const names = Array.from({ length: 300 }, (_, index) => `eth${index}`);
    expect(rulesetOf(wanted(), 'run', names).match(/hook egress/g)).toHaveLength(2);
  });

  test('those of iptables are read back', () => {
    const peers = [parsePeer('192.0.2.1:2222')];
    const dns = [resolver('192.0.2.53')];
    // As `iptables -S` and `ip6tables -S` (1.8.9) list them.
    const listed = (family: 4 | 6): string[] => [...['INPUT', 'FORWARD', 'OUTPUT'].map((hook) => `-P ${hook} ACCEPT`), ...rulesOf(family, wanted({ peers, dns }), 'run-1', 0).map((rule) => rule.replace(/^:(\S+) .*/, '-N $1').replace(/^-I (\S+) 1/, '-A $1').replace(/(192\.0\.2\.\d+) -p tcp/, '$1/32 -p tcp -m tcp').replace(/(192\.0\.2\.\d+) -p udp/, '$1/32 -p udp -m udp'))];
    const read = (time: number): ReturnType<typeof readRules> => readRules([listed(4), listed(6)], time);
    expect(read(10_000)).toMatchObject({ run: 'run-1', missing: [], expires: 50, peers, dns, dhcp: true });
    expect(read(61_000)?.missing).toEqual([expect.stringContaining('the time ran out')]);
    expect(readRules([listed(4), ['-P INPUT ACCEPT']], 10_000)?.missing).toContain('IPv6: chain TICKWARD_IN is not the first of INPUT');
    expect(readRules([['-P INPUT ACCEPT'], ['-P INPUT ACCEPT']], 0)).toBeUndefined();
  });
});

describe('the plan', () => {
  test('shows what it would do also without root', async () => {
    const plan = await isolate.plan({ ...params, dns: ['192.0.2.53'] }, anyContext({ uid: 1000, management: ['192.0.2.1'] }));
    expect(plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('run as root'), steps: [{ text: expect.stringMatching(/only 192\.0\.2\.1 \(to port 22 here\) gets through; names may be asked of 192\.0\.2\.53; DHCP goes on; for 300 s/) }] });
  });

  test.each(['nonsense', '0.0.0.0/0', '192.0.2.53 accept'])('takes %j for no name server', async (dns) => {
    await expect(isolate.plan({ ...params, dns: [dns] }, anyContext())).rejects.toThrow(/no address of a name server/);
  });

  test.skipIf(noNetwork !== undefined)('where nobody could come back it says what helps, also to who has no option for it', async () => {
    const plan = await isolate.plan(params, anyContext({ uid: 0, management: [] }));
    expect(plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('`--allow` of `tickward isolate`; `force: true` in the step or `tickward isolate --force`') });
  });
});

describe('what the journal says should be in force', () => {
  let seq = 0;
  const entry = (run: string, kind: JournalEntry['kind'], data: JsonObject = {}): JournalEntry => ({ run, seq: (seq += 1), time: '2026-01-01T00:00:00.000Z', step: 'any', kind, data: { data } });
  const start = Date.parse('2026-01-01T00:00:00.000Z');
  const isolated = entry('a', 'change', { kind: 'isolated', run: 'a', seconds: 300 });
  const confirmed = entry('b', 'change', { kind: 'confirmed', run: 'a', seconds: 0, before: 200 });
  const released = entry('c', 'change', { kind: 'released', run: 'a', rules: 'r' });
  const undone: JournalEntry = { ...entry('c', 'undone'), time: '2026-01-01T00:00:10.000Z', data: { done: ['the host is isolated again'], already: [], failed: [] } };

  test.each<[string, JournalEntry[], ReturnType<typeof expectedIsolation>]>([
    ['nothing without a run', [], undefined],
    ['what was isolated, until its time is over', [isolated], { run: 'a', since: start, until: start + 300_000 }],
    ['without an end once confirmed', [isolated, confirmed], { run: 'a', since: start }],
    ['with the time that was left when that is undone', [isolated, confirmed, { ...entry('b', 'undone'), data: { done: ['it ends by itself'], already: [], failed: [] } }], { run: 'a', since: start, until: start + 200_000 }],
    ['without an end still where nothing of that was undone', [isolated, confirmed, { ...entry('b', 'undone'), data: { done: [], already: ['it ends by itself already'], failed: [] } }], { run: 'a', since: start }],
    ['nothing after a release', [isolated, entry('c', 'change', { kind: 'released', run: 'a', rules: '' })], undefined],
    ['what was isolated before, with the time that was left, once a release is undone', [isolated, released, undone], { run: 'a', since: start + 10_000, until: start + 310_000 }],
    ['without an end where it had none when it was released', [isolated, confirmed, released, undone], { run: 'a', since: start + 10_000 }],
    ['nothing where the undo of a release found nothing to bring back', [isolated, released, entry('c', 'undone', {})], undefined],
    ['nothing after an undo', [isolated, entry('a', 'undone')], undefined],
    ['nothing where it did not hold', [isolated, entry('a', 'step-failed')], undefined],
  ])('%s', (_what, entries, expected) => {
    expect(expectedIsolation(entries)).toEqual(expected);
  });
});

describe.skipIf(noNetwork !== undefined)(`in a network namespace (${noNetwork ?? 'available'})`, { timeout: 60_000 }, () => {
  test('everything is cut but the way back, and the undo leaves the rules as they were', async () => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24', 'fd97::1/64'], ['10.99.7.2/24', 'fd97::2/64']]);
    host.run(['nft', 'add table ip other; add chain ip other c { type filter hook input priority 0; policy accept; }; add rule ip other c tcp dport 9 drop']);
    const server = host.start([process.execPath, '-e', `const { createServer } = require('node:net'); let up = 0; for (const port of [2222, 80]) createServer((socket) => socket.on('error', () => {}).end('hello')).listen(port, '::', () => { if (++up === 2) console.log('up'); });`]);
    await until(() => server.said().includes('up'));
    const connects = (address: string, port: number): boolean => peer.succeeds([process.execPath, '-e', `const socket = require('node:net').connect({ host: '${address}', port: ${port}, timeout: 1000 }); socket.on('data', () => process.exit(0)); for (const end of ['timeout', 'error']) socket.on(end, () => process.exit(1));`]);
    const state = temporaryDirectory();
    const tickward = (...args: string[]): RunResult => JSON.parse(host.run(['sh', PROGRAM, ...args, '--json', '--state-dir', state])) as RunResult;
    const reachable = (): boolean[] => [connects('10.99.7.1', 80), connects('fd97::1', 80), connects('10.99.7.1', 2222), connects('fd97::1', 2222)];
    const before = host.run(['nft', '-s', 'list', 'ruleset']);
    await until(() => reachable().every(Boolean), () => 'the network', 30_000);
    const done = tickward('isolate', '--allow', '10.99.7.2:2222,[fd97::/64]:2222', '--for', '0', '--yes');
    expect(done.steps).toMatchObject([{ state: 'changed' }]);
    expect(done.steps[0]?.notes.join()).not.toContain('not ended');
    expect(reachable()).toEqual([false, false, true, true]);
    expect(tickward('isolate', '--allow', '10.99.7.2:2222,[fd97::/64]:2222', '--yes').steps).toMatchObject([{ state: 'unchanged', summary: expect.stringMatching(new RegExp(`already, by run ${done.run}, until it is released$`)) }]);
    join(host, namespace(), [['10.99.9.1/24'], []]);
    host.run(['ip', 'link', 'add', 'a"}b', 'type', 'veth', 'peer', 'name', 'c;d']);
    expect(tickward('isolate', '--status')).toMatchObject({ isolated: true, gaps: [expect.stringMatching(/raw packets .* on (?=.*twa\w+)(?=.*a"}b).* are not cut/)] });
    expect(tickward('undo', done.run ?? '').steps).toMatchObject([{ state: 'changed' }]);
    expect(host.run(['nft', '-s', 'list', 'ruleset'])).toBe(before);
    await until(() => reachable().every(Boolean), () => 'the network', 30_000);
    expect(tickward('undo', done.run ?? '').steps).toMatchObject([{ state: 'unchanged' }]);
  });

  test('who comes by a port that this host redirects to the service is not cut off', async () => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24', 'fd97::1/64'], ['10.99.7.2/24', 'fd97::2/64']]);
    host.run(['nft', '-f', '-'], { input: 'table inet other {\n chain redirected {\n type nat hook prerouting priority -100\n tcp dport 2222 redirect to :2200\n }\n}\n' });
    const server = host.start([process.execPath, '-e', "require('node:net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(2200, '::', () => console.log('up'))"]);
    await until(() => server.said().includes('up'));
    const sessions = ['10.99.7.1', 'fd97::1'].map((address) => peer.start([process.execPath, '-e', `const socket = require('node:net').connect(2222, '${address}', () => console.log('port ' + socket.localPort)); socket.on('error', () => {}).pipe(process.stdout); process.stdin.pipe(socket)`]));
    const says = async (word: string): Promise<void> => {
      for (const session of sessions) session.child.stdin.write(word);
      await until(() => sessions.every(({ said }) => said().includes(word)), () => `${word} to come back: ${sessions.map(({ said }) => said()).join()}`, 10_000);
    };
    await says('before');
    const ssh = `SSH_CONNECTION=10.99.7.2 ${/port (\d+)/.exec(sessions[0]?.said() ?? '')?.[1]} 10.99.7.1 2200`;
    // Networks that hold one another at different ports, as the kernel takes none twice into a set.
    const peers = '[fd97::2]:2200,[fd97::/64]:443,10.99.7.0/24:443';
    const done = JSON.parse(host.run(['env', ssh, 'sh', PROGRAM, 'isolate', '--allow', peers, '--yes', '--json', '--state-dir', temporaryDirectory()])) as RunResult;
    expect(done.steps).toMatchObject([{ state: 'changed' }]);
    expect(host.run(['nft', 'list', 'tables'])).toContain('table netdev tickward');
    await says('after');
  });

  test.each([
    ['it ends our own session', (real: string) => `${real} --kill -Htn dst 10.99.7.2`, 'the ssh session that we run in is gone'],
    ['its rules are taken out at once', () => 'nft delete table inet tickward', 'its rules are not there'],
  ])('where %s it is taken back, and the host is as before', async (_what, meanwhile, fault) => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24'], ['10.99.7.2/24']]);
    host.run(['nft', 'add table ip other']);
    const server = host.start([process.execPath, '-e', "require('node:net').createServer((socket) => socket.on('error', () => {})).listen(2222, '10.99.7.1', () => console.log('up'))"]);
    await until(() => server.said().includes('up'));
    const session = peer.start([process.execPath, '-e', "const socket = require('node:net').connect(2222, '10.99.7.1', () => console.log(socket.localPort)); socket.on('error', () => {}); setInterval(() => {}, 1000)"]);
    await until(() => session.said() !== '');
    const before = host.run(['nft', '-s', 'list', 'ruleset']);
    // What is done right after the rules are loaded: `ip netns exec` gives it mounts of its own.
    const [ss = '', own] = [host.run(['sh', '-c', 'realpath "$(command -v ss)"']).trim(), temporaryDirectory()];
    copyFileSync(ss, `${own}/real`);
    writeFileSync(`${own}/ss`, `#!/bin/sh\n${meanwhile(`${own}/real`)} >/dev/null 2>&1\nexec ${own}/real "$@"\n`, { mode: 0o755 });
    const script = `mount --bind ${own}/ss ${ss} && { sh "$@"; true; }`;
    const done = JSON.parse(host.run(['env', `SSH_CONNECTION=10.99.7.2 ${session.said().trim()} 10.99.7.1 2222`, 'sh', '-c', script, 'sh', PROGRAM, 'isolate', '--yes', '--json', '--state-dir', temporaryDirectory()])) as RunResult;
    expect(done.steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(new RegExp(`^the isolation did not hold and was taken back: .*(?:${fault})`)) }]);
    expect(host.run(['nft', '-s', 'list', 'ruleset'])).toBe(before);
  });

  test('two at once leave the host isolated: the later one leaves the rules of the other, and says so', async () => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24'], ['10.99.7.2/24']]);
    const state = temporaryDirectory();
    const args = ['isolate', '--allow', '10.99.7.2:2222', '--force', '--yes', '--json', '--state-dir', state];
    for (let round = 0; round < 3; round += 1) {
      const running = [0, 1, 2].map(() => host.start(['sh', PROGRAM, ...args]));
      await until(() => running.every(({ child }) => child.exitCode !== null), () => 'the end of all', 30_000);
      const results = running.map(({ said }) => JSON.parse(said()) as RunResult);
      for (const result of results) expect(result).toHaveProperty('steps');
      const steps = results.map((result) => result.steps[0]);
      const status = JSON.parse(host.run(['sh', PROGRAM, 'isolate', '--status', '--json', '--state-dir', state])) as { isolated: boolean; run: string };
      expect({ status, steps }).toMatchObject({ status: { isolated: true } });
      for (const step of steps.filter((each) => each?.state === 'failed')) expect(step?.summary).toMatch(/^run \S+ isolated the host at the same time, by rules of its own, which are left/);
      host.run(['sh', PROGRAM, 'release', '--yes', '--state-dir', state]);
    }
  });

  test('one that another comes before by a moment does not cut off whom that one lets through', async () => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24'], ['10.99.7.2/24', '10.99.7.3/24']]);
    const [state, own] = [temporaryDirectory(), temporaryDirectory()];
    const nft = host.run(['sh', '-c', 'realpath "$(command -v nft)"']).trim();
    copyFileSync(nft, `${own}/real`);
    // Right before the later one loads its rules, the other isolates.
    writeFileSync(`${own}/nft`, `#!/bin/sh\nif [ "$*" = "-f -" ] && mkdir ${own}/once 2>/dev/null; then cat >${own}/rules; sh ${PROGRAM} isolate --allow 10.99.7.2 --force --yes --json --state-dir ${state} >${own}/other; exec ${own}/real -f - <${own}/rules; fi\nexec ${own}/real "$@"\n`, { mode: 0o755 });
    const script = `mount --bind ${own}/nft ${nft} && { sh "$@"; true; }`;
    const later = JSON.parse(host.run(['sh', '-c', script, 'sh', PROGRAM, 'isolate', '--allow', '10.99.7.3', '--for', '0', '--force', '--yes', '--json', '--state-dir', state])) as RunResult;
    const first = JSON.parse(readFileSync(`${own}/other`, 'utf8')) as RunResult;
    expect(first.steps).toMatchObject([{ state: 'changed' }]);
    expect(later.steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(`^run ${first.run} isolated the host at the same time, by rules of its own, which are left`) }]);
    expect(JSON.parse(host.run(['sh', PROGRAM, 'isolate', '--status', '--json', '--state-dir', state]))).toMatchObject({ isolated: true, run: first.run });
    expect(JSON.parse(host.run(['sh', PROGRAM, 'undo', later.run ?? '', '--json', '--state-dir', state]))).toMatchObject({ steps: [{ state: 'unchanged' }] });
    expect(host.run(['nft', 'list', 'ruleset'])).toContain('10.99.7.2 . 22');
  });

  test('isolated already in another way is a failure that says what differs; in the same way there is nothing to do', async () => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24'], ['10.99.7.2/24']]);
    const state = temporaryDirectory();
    const isolateBy = (...args: string[]): { code: number; summary: string; ruleset: string } => {
      const [document = '', code] = host.run(['sh', '-c', 'sh "$@"; code=$?; echo; echo $code', 'sh', PROGRAM, 'isolate', '--force', '--json', '--state-dir', state, ...args]).trim().split(/\n+/);
      const { steps: [step] } = JSON.parse(document) as RunResult;
      return { code: Number(code), summary: `${step?.state}: ${step?.summary}`, ruleset: host.run(['nft', '-s', 'list', 'ruleset']) };
    };
    const same = ['--allow', '10.99.7.0/29:2222', '--dns', '10.99.7.2', '--for', '10m'];
    const { ruleset, ...first } = isolateBy(...same, '--yes');
    expect(first).toMatchObject({ code: 0, summary: expect.stringMatching(/^changed: /) });
    for (const [how, ...differences] of [
      [['--allow', '10.99.7.2:2222,10.99.7.9:2222,10.99.7.2', '--dns', '10.99.7.2'], /it does not let 10\.99\.7\.9 \(to port 2222 here\), 10\.99\.7\.2 \(to port 22 here\) through; it also lets 10\.99\.7\.0\/29 \(to port 2222 here\) through\. Release it first \(tickward release\), then isolate anew$/],
      [['--allow', '10.99.7.0/29:2222', '--dns', '10.99.7.3', '--no-dhcp'], /not as asked: names may not be asked of 10\.99\.7\.3; names may also be asked of 10\.99\.7\.2; DHCP goes on\. Release/],
      [[...same, '--for', '0'], /not as asked: it ends by itself in \d+ s \(isolate --confirm keeps it\)\. Release/],
      [[...same, '--for', '1h'], /not as asked: it ends by itself in \d+ s/],
    ] as const) {
      for (const way of ['--dry-run', '--yes']) {
        const outcome = isolateBy(...how, way);
        for (const difference of differences) expect(outcome).toEqual({ code: 1, summary: expect.stringMatching(difference), ruleset });
        expect(outcome.summary).toMatch(/^failed: cannot be done: the host is isolated already, by run \S+, ends by itself in \d+ s, and not as asked: /);
      }
    }
    for (const how of [same, [...same, '--for', '5m']]) expect(isolateBy(...how, '--yes')).toEqual({ code: 0, summary: expect.stringMatching(/^unchanged: .* already, by run \S+, ends by itself in \d+ s$/), ruleset });
  });
});
