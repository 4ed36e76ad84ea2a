/** Command lines as units have them. */

/** Where systemd looks for a command without a path (its compiled-in default), and what it gives to all that it starts as PATH. */
export const COMMAND_DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** systemd.service(5), "Command lines": the words of one command, without the prefixes `@-:+!|`. Quotes group; a backslash escapes. */
export function wordsOf(command: string): string[] {
  const text = command.replace(/^[@\-:+!|]+/, '');
  if (!/["'\\]/.test(text)) return text.split(/\s+/).filter(Boolean);
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (letter === '\\' && quote !== "'") {
      word = (word ?? '') + unescaped(text[at + 1] ?? '');
      at += 1;
    } else if (quote !== '') {
      if (letter === quote) quote = '';
      else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + letter;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function unescaped(letter: string): string {
  return { n: '\n', t: '\t', s: ' ' }[letter] ?? letter;
}
