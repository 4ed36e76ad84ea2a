/** A thread that opens a store at the same moment as others, and closes it. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../src/model/errors.ts';
import { openStore } from '../../src/store/index.ts';

const { directory, arrived, all } = workerData as { directory: string; arrived: Int32Array; all: number };
Atomics.add(arrived, 0, 1);
while (Atomics.load(arrived, 0) < all);
try {
  openStore(directory).close();
  parentPort?.postMessage('opened');
} catch (error) {
  parentPort?.postMessage(messageOf(error));
}
