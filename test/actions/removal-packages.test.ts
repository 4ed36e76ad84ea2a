/** What a removal says where the package manager does not answer: dpkg with a database that somebody broke, in a mount namespace of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../helpers/events.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';
import { noDpkg } from '../helpers/needs.ts';


const SOURCES = join(import.meta.dirname, '../../src/actions');

/** Not in a place where no package has files, as a temporary directory is. */
const ROOT = '/mnt/host';

const PREPARE = `
mount --bind "$0" /var/lib/dpkg/status
mount -t tmpfs tmpfs /mnt
mkdir -p ${ROOT}/etc ${ROOT}/generators ${ROOT}/run/generator ${ROOT}/stamps
printf '[Timer]\\nOnCalendar=daily\\n' > ${ROOT}/etc/evil.timer
printf '[Service]\\nExecStart=/bin/true\\n' > ${ROOT}/etc/evil.service; echo x > /mnt/tool
printf '#!/bin/sh\\n' > ${ROOT}/generators/evil`;

const PLANS = `
import { removeTimer } from '${SOURCES}/remove-timer.ts';
import { quarantineFile } from '${SOURCES}/quarantine-file.ts';
const host = { uid: 0, users: [], directories: [{ path: '${ROOT}/etc', scope: 'system', kind: 'units' }, { path: '${ROOT}/generators', scope: 'system', kind: 'generators' }], systemd: 'absent', quarantine: '${ROOT}/quarantine', stamps: '${ROOT}/stamps', protectedPids: [], management: [], run: 'r', step: 's' };
const planOf = async (action, path, params) => { const { state, steps, notes } = await action.plan(params, { ...host, target: { path, unit: path.slice(path.lastIndexOf('/') + 1), scope: 'system' } }); return { state, steps: steps.map((step) => step.text), notes }; };
const removal = { keep_service: false, keep_mask: true };
console.log(JSON.stringify([await planOf(removeTimer, '${ROOT}/etc/evil.timer', removal), await planOf(removeTimer, '${ROOT}/generators/evil', removal), await planOf(quarantineFile, '/mnt/tool', { hard_links: false })]));`;

test.skipIf((noDpkg ?? noMounts) !== undefined)(`what may be a package's is taken all the same, and the plan says so once (${noDpkg ?? noMounts ?? 'with a broken database of dpkg'})`, () => {
  const broken = join(temporaryDirectory(), 'status');
  writeFileSync(broken, 'garbage\n');
  const plans = printedAmongMounts(PREPARE, PLANS, broken) as { state: string; steps: string[]; notes: string[] }[];
  expect(plans.map(({ state, notes }) => [state, notes.filter((note) => /^which files belong to packages is not known: .*: taken for files of none; look whether one is a package's before it goes, undo brings it back$/.test(note)).length])).toEqual([['ready', 1], ['ready', 1], ['ready', 1]]);
  expect(plans.flatMap(({ steps }) => steps)).toEqual(expect.arrayContaining([expect.stringContaining('evil.timer'), expect.stringContaining('generators/evil'), expect.stringContaining('evil.service'), expect.stringContaining('/mnt/tool')]));
});
