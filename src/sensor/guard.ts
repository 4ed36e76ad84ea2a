/** Callbacks of the kernel and of timers end here: an exception must not silence the sensor. */
import { messageOf } from '../model/errors.ts';
import type { SensorOptions } from './index.ts';

export class Guard {
  private readonly onNotice: SensorOptions['onNotice'];
  private isStopped = false;

  constructor(onNotice: SensorOptions['onNotice']) {
    this.onNotice = onNotice;
  }

  readonly run = (work: () => void): void => this.runAt(work, undefined);

  /** The same for one of many, without a closure for each. */
  runAt<Subject>(work: (subject: Subject) => void, subject: Subject): void {
    if (this.isStopped) return;
    try {
      work(subject);
    } catch (error) {
      this.onNotice({ level: 'warn', message: `the sensor failed at an event and goes on: ${messageOf(error)}` });
    }
  }

  /** What comes afterwards is not done. */
  stop(): void {
    this.isStopped = true;
  }
}
