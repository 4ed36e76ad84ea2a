/** A fleet of booted hosts with nothing but the .deb, asked and changed through Ansible over real ssh. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { prepareBase } from '../helpers/booted.ts';
import { BROKEN_HOSTS, fleetOf, noFleet, strike, type Row } from '../helpers/fleet.ts';

const statesOf = (rows: ReadonlyMap<string, Row>): Record<string, string> => Object.fromEntries([...rows].map(([host, { state }]) => [host, state]).toSorted());

describe.skipIf(noFleet !== undefined)(`a fleet of booted hosts (${noFleet ?? 'available'})`, () => {
  test('one is struck, one is not, one is down, one refuses and one hangs: found, taken out after a dry run, taken out once, given back', { timeout: 600_000 }, async ({ skip }) => {
    const unbuilt = prepareBase();
    skip(unbuilt !== undefined, unbuilt);
    const { hosts, fleet } = await fleetOf(['clean', 'struck'], onTestFinished);
    const struck = hosts.get('struck');
    if (struck === undefined) throw new Error('no host');
    const timer = strike(struck, 'evil');
    const isThere = (): boolean => struck.run(['test', '-e', timer]).status === 0;

    const swept = await fleet('sweep', '--unit', 'evil.timer');
    expect(statesOf(swept.rows)).toEqual({ clean: 'ok', down: 'unreachable', hung: 'unreachable', refusing: 'unreachable', struck: 'found' });
    expect(BROKEN_HOSTS.every((name) => Boolean(swept.rows.get(name)?.reason))).toBe(true);
    expect(swept.rows.get('refusing')?.reason).toContain('Permission denied');
    expect(swept.code).toBe(3);

    const respond = ['respond', '--limit', 'struck,clean', '--file', timer, '--only', 'remove'];
    const planned = await fleet(...respond, '--dry-run');
    expect(planned.rows.get('struck')).toMatchObject({ state: 'would-change' });
    expect(planned.rows.get('clean')).toMatchObject({ state: 'unchanged', reason: 'there is no such file on this host' });
    expect(isThere()).toBe(true);

    const done = await fleet(...respond, '--yes');
    expect(done.rows.get('struck')).toMatchObject({ state: 'changed', run: expect.any(String), record: { chain: { intact: true } } });
    expect(isThere()).toBe(false);

    const again = await fleet(...respond, '--yes');
    expect(statesOf(again.rows)).toEqual({ clean: 'unchanged', struck: 'unchanged' });
    expect(again.code).toBe(0);

    const undone = await fleet('undo', done.run, '--yes');
    expect(statesOf(undone.rows)).toEqual({ struck: 'changed' });
    expect(isThere()).toBe(true);
  });
});
