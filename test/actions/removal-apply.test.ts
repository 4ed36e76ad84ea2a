import { expect, test } from 'vitest';
import { createManagers } from '../../src/actions/manager.ts';
import { applyRemoval } from '../../src/actions/removal-apply.ts';
import { noRemoval, type Removal } from '../../src/actions/removal.ts';
import { isFrozen } from '../../src/host/cgroups.ts';
import { controlGroup, noCgroup, victim } from '../helpers/processes.ts';
import { anyContext } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';

test.skipIf(noCgroup !== undefined)(`where it fails after it froze, it says what stays frozen and what lets it go (${noCgroup ?? 'as root'})`, async () => {
  const cgroup = controlGroup();
  await victim('echo ready; exec sleep 1000', cgroup);
  const context = anyContext({ systemd: 'running' });
  const [manager] = await createManagers([{ scope: 'system' }], context);
  if (manager === undefined) throw new Error('there is no manager');
  // The kernel's own files have no attributes to change.
  const removal: Removal = {
    ...noRemoval([]),
    operations: [
      { kind: 'freeze', manager, unit: 'evil.service', cgroup, text: 'freeze evil.service', target: 'evil.service' },
      { kind: 'attributes', path: Buffer.from('/proc/version'), flags: 'i', text: 'change it', target: '/proc/version' },
    ],
  };
  const told: string[] = [];
  await expect(applyRemoval(removal, context, ({ data }) => void told.push(String(data['kind'])))).rejects.toMatchObject({
    message: expect.stringMatching(/; evil\.service stays frozen$/),
    hint: expect.stringContaining('tickward undo test-run lets go on what is frozen, tickward respond --resume test-run ends it'),
  });
  expect(told).toEqual(['freeze', 'attributes']);
  await until(() => isFrozen(cgroup), () => 'the control group is frozen');
});
