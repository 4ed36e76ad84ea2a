/** What of a question the store can answer by itself. The engine filters again, so a filter may be wider than asked, never narrower. */
import { unwritten } from '../../src/host/names.ts';
import { equals, type QueryContext } from '../../src/model/table.ts';
import { bytesOfText } from '../../src/model/text.ts';
import { spanOf, type Span } from './time.ts';

/** `among`: which column each part of the filter is about. */
export function filterOf<Part extends string>(context: QueryContext, among: Readonly<Record<Part, string>>): Span & Partial<Record<Part, string[]>> {
  const filter: Partial<Record<Part, string[]>> = {};
  for (const [part, column] of Object.entries<string>(among)) {
    const values = equals(context, column);
    if (values.length > 0) filter[part as Part] = column === 'path' ? values.flatMap(storedPaths) : values;
  }
  return { ...spanOf(context), ...filter };
}

/** How the store may have a path: a name that is no UTF-8 reads `\\xff` here, and has a sign for what is lost there. */
function storedPaths(path: string): string[] {
  return [path, bytesOfText(unwritten(path)).toString()];
}
