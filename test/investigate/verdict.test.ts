import { expect, test } from 'vitest';
import { verdictOf } from '../../src/investigate/verdict.ts';
import { fileEvent } from '../helpers/events.ts';

test.each([
  [{ working_directory: '/tmp' }, ['it ran in /tmp, where everyone may write']],
  [{ working_directory: '/tmp/review' }, ['it ran below /tmp, where everyone may write: /tmp/review']],
  [{ executable: '/dev/shm/.x/run' }, ['the program that made it lies below /dev/shm, where everyone may write: /dev/shm/.x/run']],
  [{ working_directory: '/tmpfiles', executable: '/usr/bin/dash' }, []],
  [{ command_line: 'sh -c curl x | sh' }, ['its command line fetches from or talks to the network, or decodes']],
])('of a process with %j the verdict says %j', (process, reasons) => {
  const event = fileEvent();
  expect(verdictOf({ ...event, process: { pid: 1, executable: '/usr/bin/dash', ...process } }, []).reasons).toEqual(reasons);
});
