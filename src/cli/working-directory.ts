/**
 * A responder often stands in a directory that was just removed, or is of another user. There a worker of Node's, which answers queries, does not even start.
 * A name without a leading slash means nothing there any more, so where it is looked for is said.
 */
export function leaveLostDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
    process.stderr.write('tickward: the current directory is gone or cannot be reached: names that do not begin with / are looked for in /\n');
  }
}
