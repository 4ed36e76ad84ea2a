/** What a format of documents is: one file each, and one line in the list of `index.ts`. */
import type { Report } from './report.ts';

export interface Format {
  /** The sensor as people call it. */
  sensor(document: object): string;
  /** Whether the document is of this format. */
  reads(document: object): boolean;
  /** The changes of files that it tells of: none when it is about something else. Throws BAD_INPUT for what is not as the sensor writes it. */
  reports(document: object): Report[];
}
