/** A page over all hosts: one file, no scripts, nothing loaded from elsewhere. Pure. */
import type { FleetRecord } from './records.ts';
import { needsAttention, summaryOf, type HostRow } from './rows.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --bad: #b3261e; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7bd88f; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1.5rem; }
h1 { font-size: 1.5rem; } .summary { font-size: 1.15rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: .6rem; }
@media print { details { display: block; } }
`;

/** Of one host's data, in characters. */
const MOST_SHOWN = 20_000;

export function pageOf({ request, rows }: FleetRecord): string {
  const attention = new Set(needsAttention(rows));
  const sorted = [...attention, ...rows.filter((row) => !attention.has(row))];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tickward: ${escaped(request.task.do)} on ${rows.length} hosts</title><style>${STYLE}</style></head>
<body><h1>Tickward: ${escaped(request.task.do)} on ${rows.length} host${rows.length === 1 ? '' : 's'}${request.dry_run ? ', as a dry run' : ''}</h1>
<p class="summary">${escaped(summaryOf(rows))}${attention.size === 0 ? '.' : `; <span class="bad">${attention.size} need${attention.size === 1 ? 's' : ''} attention</span>.`}</p>
<p>Run ${escaped(request.run)}, begun ${escaped(request.started)} by ${escaped(request.by)}, inventory ${escaped(request.inventory)}${request.limit === undefined ? '' : `, limited to ${escaped(request.limit)}`}.</p>
<h2>Asked</h2><pre>${escaped(JSON.stringify(request.task, undefined, 2))}</pre>
<h2>Hosts</h2><div class="scroll"><table><thead><tr><th scope="col">host</th><th scope="col">state</th><th scope="col">why</th><th scope="col">run</th></tr></thead><tbody>
${sorted.map((row) => `<tr><th scope="row">${escaped(row.host)}</th><td class="${attention.has(row) ? 'bad' : 'good'}">${escaped(row.state)}</td><td>${escaped(row.reason ?? '')}</td><td>${escaped(row.run ?? '')}</td></tr>`).join('\n')}
</tbody></table></div>
<h2>What each host said</h2>
${sorted.map(detailOf).join('\n')}
</body></html>
`;
}

function detailOf(row: HostRow): string {
  return `<details><summary>${escaped(row.host)}: ${escaped(row.state)}</summary><pre>${escaped(cut(JSON.stringify(row.data ?? row.reason ?? null, undefined, 1)))}</pre></details>`;
}

function cut(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}\n… cut here: the whole is in the record of the run`;
}

/** Also characters that turn the order of text around or do not show. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
