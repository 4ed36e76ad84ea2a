/** What to do when nobody takes our output any more: a closed pipe (`| head`), a terminal that is gone, a full disk. */
import { errnoOf, messageOf } from '../model/errors.ts';
import { Exit } from './context.ts';

let instead: (() => void) | undefined;

export function onLostReader(error: Error): void {
  if (instead !== undefined) {
    instead();
    return;
  }
  if (errnoOf(error) === 'EPIPE') process.exit(Exit.DONE);
  process.stderr.write(`tickward: the output cannot be written: ${messageOf(error)} — it is not whole: make room, or send it elsewhere\n`);
  process.exit(Exit.FAILED);
}

/** While the work goes on, the loss is told and does not end the program: a change that has begun is brought to its end. */
export async function outliving<Result>(onLoss: () => void, work: () => Promise<Result>): Promise<Result> {
  // Node's readline throws where a terminal that is gone takes no raw mode any more: nobody else can catch that.
  const onUncaught = (error: Error): void => {
    if (errnoOf(error) !== 'EIO') throw error;
    onLoss();
  };
  instead = onLoss;
  process.on('uncaughtException', onUncaught);
  try {
    return await work();
  } finally {
    instead = undefined;
    process.off('uncaughtException', onUncaught);
  }
}
