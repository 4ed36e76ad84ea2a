/** Documents of JSON, as commands print them and files keep them. */

/** The only one that a command printed. */
export function json<Document>({ stdout, stderr }: { stdout: string; stderr: string }): Document {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Document;
}

/** One a line, of whole lines: the last one may still be on its way. */
export function jsonLines<Document>(text: string): Document[] {
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line) as Document);
}
