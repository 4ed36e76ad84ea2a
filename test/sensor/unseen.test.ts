import { expect, test } from 'vitest';
import { Unseen } from '../../src/sensor/unseen.ts';

test('the first are named and the rest counted, up to a number that nobody can raise; one that is seen again is not counted', () => {
  const unseen = new Unseen();
  unseen.failed('/a', Object.assign(new Error('a'), { code: 'EACCES' }));
  unseen.failed('/b\n', Object.assign(new Error('b'), { code: 'EPERM' }));
  unseen.failed('/c', Object.assign(new Error('c'), { code: 'ELOOP' }));
  unseen.seen('/a');
  expect(unseen.lines).toEqual(['cannot see 1 directory (no permission): /b\\n', 'cannot see 1 directory (ELOOP): /c']);
  for (let n = 0; n < 10_000; n += 1) unseen.failed(`/${n}`, Object.assign(new Error('n'), { code: 'ELOOP' }));
  expect(unseen.lines).toEqual(['cannot see at least 1 directory (no permission): /b\\n', 'cannot see at least 4095 directories (ELOOP): /c, /0, /1, …']);
  unseen.failed('/c', Object.assign(new Error('c'), { code: 'ENOSPC' }));
  expect(unseen.lines).toContain('cannot see at least 1 directory (the limit of marks or watches is reached): /c');
});
