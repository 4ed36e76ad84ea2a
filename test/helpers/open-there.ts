/** A thread that opens a store at the same moment as others, and closes it, for each directory that it is given: what it loads it has by then. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../src/model/errors.ts';
import { openStore } from '../../src/store/index.ts';

const { arrived, all } = workerData as { arrived: Int32Array; all: number };
let rounds = 0;
parentPort?.on('message', (directory: string) => {
  rounds += 1;
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < rounds * all);
  try {
    openStore(directory).close();
    parentPort?.postMessage('opened');
  } catch (error) {
    parentPort?.postMessage(messageOf(error));
  }
});
