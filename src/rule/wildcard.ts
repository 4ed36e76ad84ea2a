/** EQL's wildcards: `*` any run of characters, `?` exactly one, no escape, anchored at both ends. Never worse than pattern × text. */

/** Folds A–Z only: Elasticsearch's case folding for `:` and the `~` forms is ASCII. */
export function foldAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/** Compiles a pattern. Most patterns are a prefix and one star: that is one comparison. */
export function compileWildcard(pattern: string): (text: string) => boolean {
  if (!hasWildcard(pattern)) return (text) => text === pattern;
  if (!pattern.includes('?')) return compileStars(pattern.split(/\*+/));
  const compact = pattern.replace(/\*+/g, '*');
  return (text) => matchGlob(compact, text);
}

/** Only stars: the pieces between them have to occur in order, the first at the start and the last at the end. */
function compileStars(pieces: readonly string[]): (text: string) => boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '');
  if (middle.length === 0) {
    if (last === '') return (text) => text.startsWith(first);
    return (text) => text.length >= first.length + last.length && text.startsWith(first) && text.endsWith(last);
  }
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let position = first.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, position);
      if (found < 0) return false;
      position = found + piece.length;
    }
    return position <= text.length - last.length;
  };
}

/** Greedy with one point to go back to: on a mismatch only the last star takes one character more. `?` takes a code point, as Lucene does. */
function matchGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === '*') {
      star = p;
      p += 1;
      resume = t;
    } else if (wanted === '?') {
      p += 1;
      t += widthAt(text, t);
    } else if (wanted === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      resume += widthAt(text, resume);
      t = resume;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

function widthAt(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}

/** Any of many patterns; the ones without wildcards are looked up at once. */
export function compileAny(patterns: readonly string[], caseInsensitive: boolean): (text: string) => boolean {
  const folded = caseInsensitive ? patterns.map(foldAscii) : [...patterns];
  const exact = new Set(folded.filter((pattern) => !hasWildcard(pattern)));
  const wild = [...new Set(folded.filter(hasWildcard))].map(compileWildcard);
  const test = (text: string): boolean => exact.has(text) || wild.some((matches) => matches(text));
  return caseInsensitive ? (text) => test(foldAscii(text)) : test;
}
