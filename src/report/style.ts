/** The style sheet of a report. Colours stand once for light (and paper), once for dark; each pair of text and ground has a contrast of at least 4.5 (WCAG 2, AA). */
import { INDENT, MOST_DEPTH } from './tree.ts';

/** Text of `text`, `soft`, `link` and the levels stands on `ground`, `raised` and `sunk`. */
export const LIGHT = {
  ground: '#ffffff', raised: '#f6f7f9', sunk: '#eceff3', rule: '#cfd5dd',
  text: '#1b2129', soft: '#4d5866', link: '#0b57a8',
  'highly-suspicious': '#a8071a', suspicious: '#9a4700', unclear: '#4d5866', explained: '#1a6b35',
};
export const DARK = {
  ground: '#12161b', raised: '#1a2027', sunk: '#232a33', rule: '#3a4450',
  text: '#e8ecf1', soft: '#aab4c0', link: '#82b8ff',
  'highly-suspicious': '#ff8f8f', suspicious: '#ffb266', unclear: '#b4bec9', explained: '#7fd49a',
};

const variables = (colours: Readonly<Record<string, string>>): string => Object.entries(colours).map(([name, value]) => `--${name}:${value}`).join(';');

const MONOSPACE = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace';

/** A text beside a dot of the tree ends where the page ends. */
const depths = Array.from({ length: MOST_DEPTH + 1 }, (_, depth) => `.depth-${depth}{width:calc(100% - ${20 + depth * INDENT}px)}`).join('\n');

const levels = Object.keys(LIGHT).slice(-4).map((level) => `.verdict.${level}{--level:var(--${level})}`).join('\n');

export const STYLE = `
:root{${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:74rem;padding:1rem clamp(1rem,3vw,2.5rem) 3rem;overflow-wrap:anywhere;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
h1,h2,h3,h4,p,ul,ol,dl,dd,pre{margin:0}
h1{font-size:2rem;line-height:1.15;color:var(--level)}
h2{font-size:1.3rem;margin:2.5rem 0 .5rem}
h3{font-size:1.08rem;margin:2rem 0 .75rem;padding-bottom:.3rem;border-bottom:2px solid var(--rule)}
h4{font-size:1rem}
a{color:var(--link)}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}
code,pre,.host{unicode-bidi:isolate-override;direction:ltr}
code,pre,dd.host,td.host,.command{font-family:${MONOSPACE};font-size:.86em}
p code{background:var(--sunk);padding:.08em .3em;border-radius:3px}
.brand,.eyebrow,.note,.meta,.label,.cut,.none,footer{color:var(--soft);font-size:.88rem}
.brand{margin-bottom:.75rem}
${levels}
.verdict{border:1px solid var(--rule);border-top:6px solid var(--level);border-radius:8px;background:var(--raised);padding:1.25rem clamp(1rem,2.5vw,1.75rem) 1.5rem}
.verdict h2{font-size:1.05rem;margin:1.5rem 0 .4rem}
.banner{display:flex;gap:.9rem;align-items:center}
.mark{flex:none}
.mark .shape{fill:var(--level)}
.mark .sign{fill:none;stroke:var(--raised);stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round}
.meaning{margin-top:.6rem;max-width:60rem}
.story{font-size:1.08rem;line-height:1.65;max-width:60rem}
.columns{display:grid;grid-template-columns:minmax(0,1fr);gap:0 2.5rem}
@media (min-width:60rem){.columns{grid-template-columns:minmax(0,1.1fr) minmax(0,1fr)}}
.columns p{margin-top:.8rem}
.command{display:inline-block;margin-top:.3rem;background:var(--sunk);padding:.3em .6em;border-radius:4px}
.signs,.open{list-style:none;padding:0;display:grid;gap:.5rem}
.open{list-style:disc;padding-left:1.1rem;gap:.25rem}
.signs li{display:flex;gap:.6rem;align-items:baseline}
.step .signs{font-size:.9rem;margin:.3rem 0}
.moments i{color:var(--soft)}
.signs span,.task p{min-width:0}
.signs .badge{min-width:4.2em}
.badge{flex:none;text-align:center;font-size:.78rem;font-weight:600;border:1.5px solid;border-radius:99px;padding:0 .55em;line-height:1.5}
.badge.strong{color:var(--highly-suspicious)}
.badge.weak{color:var(--suspicious)}
.badge.harmless{color:var(--explained)}
.from{font-size:.85rem}
.from::before,.see a::before{content:"→ "}
.facts{display:grid;gap:.55rem}
.facts dt{color:var(--soft);font-size:.82rem}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin-top:1.25rem;font-size:.95rem}
svg.strip,svg.tree{display:block;margin:.75rem 0 1rem;overflow:hidden}
line.lane{stroke:var(--rule);stroke-width:1.5}
line.subject{stroke:var(--highly-suspicious);stroke-width:1.5;stroke-dasharray:3 3}
text{fill:var(--soft);font-size:11px}
text.tick{text-anchor:middle}
circle.dot{fill:var(--link);fill-opacity:.75;stroke:var(--ground)}
circle.gone{fill:var(--ground);stroke:var(--soft);stroke-width:1.5}
circle.subject{fill:var(--highly-suspicious);stroke:var(--ground);stroke-width:1.5}
path.branch{fill:none;stroke:var(--rule);stroke-width:1.5}
${depths}
.node{font-size:13px;line-height:18px;color:var(--text)}
.node p{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.node .command{display:block;margin:0;padding:0;background:none;font-size:12px;color:var(--soft)}
.node .connection{color:var(--suspicious);font-family:${MONOSPACE};font-size:12px}
.role{color:var(--soft)}
.role.maker{color:var(--highly-suspicious);font-weight:600}
.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;font-size:.9rem;overflow-wrap:break-word}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem .5rem;border-bottom:1px solid var(--rule)}
thead th{background:var(--sunk);font-size:.82rem;white-space:nowrap}
tbody th{font-weight:500;color:var(--soft);white-space:nowrap}
td.host{overflow-wrap:anywhere;min-width:5.5rem;max-width:34rem;white-space:pre-wrap}
td.what,td.long{min-width:14rem}
td.program{min-width:10rem}
td.short{white-space:nowrap}
.moments{list-style:none;padding:0;font-size:.9rem}
.moments li{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.35rem .5rem;border-bottom:1px solid var(--rule)}
.moments time{flex:none;width:15.5rem;font-variant-numeric:tabular-nums}
.moments .distance{width:6rem}
.moments .kind{width:7.5rem;color:var(--soft)}
.moments .what{flex:1 1 20rem;min-width:0}
.moments .subject{background:var(--sunk);font-weight:600}
.step,.task{margin:.9rem 0;scroll-margin-top:1rem}
.step{border:1px solid var(--rule);border-radius:6px;padding:.8rem 1rem}
.step:target,.task:target{outline:2px solid var(--link)}
.step .label{margin-top:.5rem}
.step pre{white-space:pre-wrap;background:var(--raised);border-left:3px solid var(--rule);padding:.4rem .7rem;color:var(--soft)}
.said{font-size:.9rem}
.said.warning b{color:var(--suspicious)}
.said.error b{color:var(--highly-suspicious)}
.task{display:flex;gap:.6rem}
.task p{white-space:pre-line}
.box{flex:none;font-size:1.15em;line-height:1.3}
footer{margin-top:3rem;padding-top:.5rem;border-top:1px solid var(--rule);display:grid;gap:.4rem}
@media (max-width:40rem){
h1{font-size:1.6rem}
.signs li{display:grid;gap:.15rem;justify-items:start}
td.host{max-width:20rem}
}
@page{margin:14mm}
@media print{
html{color-scheme:light;font-size:13px}
body{max-width:none;padding:0;font-size:13px}
.columns{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.verdict{padding:1rem 1.25rem}
nav{display:none}
a{color:inherit;text-decoration:none}
.verdict,thead th,p code,li.subject,.badge,circle{print-color-adjust:exact;-webkit-print-color-adjust:exact}
h2,h3,h4,.meta{break-after:avoid}
.banner,tr,.moments li,.task,svg.strip{break-inside:avoid}
.scroll{overflow:visible}
table{font-size:8pt;width:100%}
td.host{min-width:0;max-width:none}
td.what,td.long,td.program{min-width:0}
th,td,thead th,tbody th,td.short{white-space:normal}
pre{font-size:8pt}
table.wide,.wide tbody{display:block}
.wide thead{display:none}
.wide tr{display:block;border-bottom:1px solid var(--rule);padding:1mm 0}
.wide td{display:inline;border:0;padding:0 2.5mm 0 0}
.wide td:empty{display:none}
.wide td::before{content:attr(data-column) ": ";color:var(--soft)}
}
`;
