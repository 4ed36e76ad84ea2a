/**
 * An investigation as one HTML page: no scripts, nothing loaded from elsewhere, English or Chinese.
 * Whatever the host says is escaped twice over: for HTML by the template, and so that nothing in it hides or reorders text.
 */
import { createHash } from 'node:crypto';
import Handlebars from 'handlebars';
import type { Investigation } from '../investigate/result.ts';
import { STYLE } from './style.ts';
import { PAGE, PARTS } from './template.ts';
import { viewOf, type ReportOptions } from './view.ts';

export type { ReportOptions } from './view.ts';

/** CSP level 3 of the W3C: the one style sheet by its hash, and nothing else whatever, no scripts, images, forms, frames. */
export const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** The whole file, as text in UTF-8. */
export function reportHtml(result: Investigation, options: ReportOptions): string {
  return page()({ ...viewOf(result, options), policy: POLICY, style: STYLE });
}

let compiled: HandlebarsTemplateDelegate | undefined;

/** The templates are ours; what comes from a host is only ever a value in them. A field that is not there is an error. */
function page(): HandlebarsTemplateDelegate {
  if (compiled !== undefined) return compiled;
  const handlebars = Handlebars.create();
  for (const [name, part] of Object.entries(PARTS)) handlebars.registerPartial(name, handlebars.compile(part, { strict: true, knownHelpersOnly: true }));
  compiled = handlebars.compile(PAGE, { strict: true, knownHelpersOnly: true });
  return compiled;
}
