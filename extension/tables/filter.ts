/** What of a question the store can answer by itself. The engine filters again, so a filter may be wider than asked, never narrower. */
import { readingsOf, writtenBytes } from '../../src/host/names.ts';
import { equals, type QueryContext } from '../../src/model/table.ts';
import { spanOf, type Span } from './time.ts';

/** `among`: which column each part of the filter is about. */
export function filterOf<Part extends string>(context: QueryContext, among: Readonly<Record<Part, string>>): Span & Partial<Record<Part, string[]>> {
  const filter: Partial<Record<Part, string[]>> = {};
  for (const [part, column] of Object.entries<string>(among)) {
    const values = equals(context, column);
    const stored = column === 'path' ? storedPaths(values) : values;
    if (values.length > 0 && stored !== undefined) filter[part as Part] = stored;
  }
  return { ...spanOf(context), ...filter };
}

/** Where there are so many more readings of the paths than paths, all events are looked at. */
const MOST_READINGS = 4_096;

/** How the store may have these paths: a name that is no UTF-8 reads `\\xff` here, as does one of these four characters, and has a sign for what is lost there. */
function storedPaths(paths: readonly string[]): string[] | undefined {
  const readings = paths.reduce((sum, path) => sum + 2 ** writtenBytes(path) - 1, 0);
  return readings > MOST_READINGS ? undefined : paths.flatMap(readingsOf);
}
