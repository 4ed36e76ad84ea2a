/** Arithmetic of the shell, told from commands. Pure. */

/** What is counted in `$((…))`, undefined for commands. With quotes in it the shell may see another end: then it is read as commands. */
export function sumOf(text: string): string | undefined {
  if (!text.startsWith('(') || !text.endsWith(')') || /['"\\]/.test(text)) return undefined;
  let depth = 0;
  for (let at = 0; at < text.length - 1; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return undefined;
  }
  return text.slice(1, -1);
}
