/** That a link to a unit directory of somebody else takes nothing from it: neither its name nor its being watched. */
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SensorMode } from '../../src/sensor/index.ts';
import { sense, support, units } from '../helpers/sensing.ts';

const kernel: SensorMode[] = support.mode === 'fanotify' ? ['fanotify', 'inotify'] : ['inotify'];

describe.each(kernel)('by %s', (mode) => {
  test('a directory to which a link of another led before it was there is called by its real name', async () => {
    const sensing = await sense(mode, { rescanSeconds: 60, directories: (base) => units(join(base, 'outside/one/w'), join(base, 'outside/two/w')), before: (root) => ['one', 'two'].forEach((name) => mkdirSync(join(root, '../outside', name))) });
    const [link, real] = [join(sensing.outside, 'one/w'), join(sensing.outside, 'two/w')];
    // All of it before the sensor in this process reads anything: it comes by the link first.
    symlinkSync(real, link);
    mkdirSync(real);
    writeFileSync(join(real, 'a.timer'), 'x');
    await sensing.line(`creation ${real}/a.timer`);
    unlinkSync(link);
    writeFileSync(join(real, 'b.timer'), 'x');
    await sensing.line(`creation ${real}/b.timer`);
    expect(sensing.lines()).toEqual([`creation ${real}/a.timer`, `creation ${real}/b.timer`]);
  });

  test('a directory to which two links lead stays watched when the one that it is called by is replaced', async () => {
    const sensing = await sense(mode, { rescanSeconds: 60, directories: (base) => units(join(base, 'outside/one/w'), join(base, 'outside/two/w')), before: (root) => {
      for (const name of ['one', 'two', 'there']) mkdirSync(join(root, '../outside', name));
      for (const name of ['one', 'two']) symlinkSync('../there', join(root, '../outside', name, 'w'));
    } });
    const [first, second] = [join(sensing.outside, 'one/w'), join(sensing.outside, 'two/w')];
    writeFileSync(join(sensing.outside, 'there/a.timer'), 'x');
    await sensing.count(1);
    const called = sensing.lines()[0] === `creation ${first}/a.timer` ? first : second;
    const other = called === first ? second : first;
    unlinkSync(called);
    mkdirSync(called);
    await sensing.line(`deletion ${called}/a.timer`);
    await sensing.line(`creation ${other}/a.timer`);
    writeFileSync(join(sensing.outside, 'there/b.timer'), 'x');
    await sensing.line(`creation ${other}/b.timer`);
    expect(sensing.lines()).toHaveLength(4);
  });
});
