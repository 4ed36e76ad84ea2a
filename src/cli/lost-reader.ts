/** What to do when nobody takes our output any more: a closed pipe (`| head`), a terminal that is gone, a full disk. */
import { errnoOf, messageOf } from '../model/errors.ts';
import { Exit } from './context.ts';

let instead: ((error: Error) => void) | undefined;

export function onLostReader(error: Error): void {
  if (instead !== undefined) {
    instead(error);
    return;
  }
  // What was done already had its end: of its last words the loss may be told after it.
  if (errnoOf(error) === 'EPIPE') process.exit(process.exitCode ?? Exit.DONE);
  failOutput(error);
}

function failOutput(error: Error): never {
  process.stderr.write(`tickward: the output cannot be written: ${messageOf(error)} — it is not whole: make room, or send it elsewhere\n`);
  process.exit(Exit.FAILED);
}

/** Work whose result is not for the reader alone: a file. One that goes away early (`| head`) does not end it. */
export function forMoreThanReader<Result>(work: () => Promise<Result>): Promise<Result> {
  return outliving((error) => {
    if (errnoOf(error) !== 'EPIPE') failOutput(error);
  }, work);
}

/** While the work goes on, the loss is told and does not end the program: a change that has begun is brought to its end. */
export async function outliving<Result>(onLoss: (error: Error) => void, work: () => Promise<Result>): Promise<Result> {
  // Node's readline throws where a terminal that is gone takes no raw mode any more: nobody else can catch that.
  const onUncaught = (error: Error): void => {
    if (errnoOf(error) !== 'EIO') throw error;
    onLoss(error);
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
