/** The page, in Handlebars, which escapes every value. Only the style sheet is put in as it is: it is ours. */

export const PAGE = `<!doctype html>
<html lang="{{lang}}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{policy}}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}}</title>
<style>{{{style}}}</style>
</head>
<body>
<header>
<p class="brand">Tickward · {{words.report}}</p>
{{> verdict}}
</header>
<nav aria-label="{{words.contents}}">
<a href="#timeline">{{words.timeline}}</a>
<a href="#processes">{{words.processes}}</a>
<a href="#steps">{{words.steps}}</a>
<a href="#indicators">{{words.indicators}}</a>
<a href="#about">{{words.about}}</a>
</nav>
<main>
{{> timeline}}
{{> processes}}
{{> steps}}
{{> indicators}}
</main>
{{> about}}
</body>
</html>
`;

const pieces = '{{#each this}}{{#if value}}<code>{{text}}</code>{{else}}{{text}}{{/if}}{{/each}}';

const signs = `<ul class="signs">
{{#each this}}
<li><span class="badge {{weight}}">{{word}}</span> <span>{{#if gloss}}{{gloss}} {{/if}}<span class="host" lang="en">{{text}}</span>{{#if from}} <a class="from" href="#{{from.anchor}}">{{from.title}}</a>{{/if}}</span></li>
{{/each}}
</ul>`;

const verdict = `<section class="verdict {{verdict.level}}" aria-labelledby="verdict">
<div class="banner">
<svg class="mark" viewBox="0 0 24 24" width="44" height="44" aria-hidden="true"><path class="shape" d="{{verdict.mark.shape}}"/><path class="sign" d="{{verdict.mark.sign}}"/></svg>
<div>
<p class="eyebrow">{{words.verdict}}</p>
<h1 id="verdict">{{verdict.word}}</h1>
</div>
</div>
<p class="meaning">{{verdict.meaning}}</p>
<h2>{{words.story}}</h2>
<p class="story">{{> pieces story}}</p>
<div class="columns">
<div>
<h2>{{words.against}}</h2>
{{#if verdict.against}}{{> signs verdict.against}}{{else}}<p>{{words.noSigns}}</p>{{/if}}
{{#if verdict.inFavour}}
<h2>{{words.inFavour}}</h2>
{{> signs verdict.inFavour}}
{{/if}}
{{#if verdict.open}}
<h2>{{words.open}}</h2>
<ul class="open">
{{#each verdict.open}}<li class="host" lang="en">{{this}}</li>
{{/each}}
</ul>
{{/if}}
<p>{{words.next}}<br><code class="command">{{next}}</code></p>
</div>
<div>
<h2>{{words.facts}}</h2>
<dl class="facts">
{{#each facts}}<div><dt>{{label}}</dt>{{#each values}}<dd class="host">{{this}}</dd>{{/each}}</div>
{{/each}}
</dl>
</div>
</div>
</section>`;

const timeline = `<section aria-labelledby="timeline">
<h2 id="timeline">{{words.timeline}}</h2>
{{#if timeline.moments}}
<p class="note">{{words.timelineAbout}}</p>
<svg class="strip" width="100%" height="{{timeline.height}}" role="img" aria-label="{{words.timeline}}">
{{#if timeline.subjectX}}<line class="subject" x1="{{timeline.subjectX}}" x2="{{timeline.subjectX}}" y1="0" y2="{{timeline.axis}}"/>{{/if}}
{{#each timeline.lanes}}
<line class="lane" x1="0" x2="100%" y1="{{y}}" y2="{{y}}"/>
<text class="lane" x="0" y="{{labelY}}">{{word}}</text>
{{#each dots}}<circle class="{{#if subject}}subject{{else}}dot{{/if}}" cx="{{x}}" cy="{{../y}}" r="{{#if subject}}7{{else}}5{{/if}}"><title>{{says}}</title></circle>
{{/each}}
{{/each}}
{{#each timeline.ticks}}<text class="tick" x="{{x}}" y="{{y}}">{{label}}</text>
{{/each}}
</svg>
<ol class="moments">
{{#each timeline.moments}}<li{{#if subject}} class="subject"{{/if}}><time datetime="{{iso}}">{{time}}</time> <span class="distance">{{#if subject}}{{@root.words.subject}}{{else}}{{distance}}{{/if}}</span> <span class="kind">{{kind}}</span> <span class="what"><span class="host">{{what}}</span>{{#if more}} <i>{{more}}</i>{{/if}}</span></li>
{{/each}}
</ol>
{{#if timeline.cut}}<p class="cut">{{timeline.cut}}</p>{{/if}}
{{else}}
<p>{{words.noMoments}}</p>
{{/if}}
</section>`;

const processes = `<section aria-labelledby="processes">
<h2 id="processes">{{words.processes}}</h2>
{{#if tree.nodes}}
<p class="note">{{words.processesAbout}}</p>
<svg class="tree" width="100%" height="{{tree.height}}" role="img" aria-label="{{words.processesAbout}}">
{{#each tree.nodes}}{{#if path}}<path class="branch" d="{{path}}"/>{{/if}}
{{/each}}
{{#each tree.nodes}}
<circle class="{{#if maker}}subject{{else}}{{#if alive}}dot{{else}}gone{{/if}}{{/if}}" cx="{{dotX}}" cy="{{dotY}}" r="5"/>
<foreignObject class="depth-{{depth}}" x="{{x}}" y="{{y}}" height="{{height}}"><div xmlns="http://www.w3.org/1999/xhtml" class="node">
<p><b class="host">{{name}}</b> {{pid}} <span class="role{{#if maker}} maker{{/if}}">{{roleWord}}{{#unless alive}}, {{@root.words.ended}}{{/unless}}</span>{{#if user}} <span class="host">{{user}}</span>{{/if}}</p>
<p class="host command" title="{{command}}">{{command}}</p>
{{#each connections}}<p class="host connection">{{this}}</p>{{/each}}
</div></foreignObject>
{{/each}}
</svg>
<div class="scroll" role="region" aria-label="{{words.processes}}" tabindex="0">
<table>
<thead><tr><th scope="col">{{words.pid}}</th><th scope="col">{{words.parent}}</th><th scope="col">{{words.kind}}</th><th scope="col">{{words.user}}</th><th scope="col">{{words.started}}</th><th scope="col">{{words.program}}</th><th scope="col">{{words.command}}</th><th scope="col">{{words.connections}}</th></tr></thead>
<tbody>
{{#each tree.rows}}<tr><td>{{pid}}</td><td>{{parent}}</td><td class="short">{{roleWord}}{{#unless alive}}, {{@root.words.ended}}{{/unless}}</td><td class="host short">{{user}}</td><td class="short">{{started}}</td><td class="host program">{{program}}</td><td class="host what">{{command}}</td><td class="host">{{#each connections}}{{this}}<br>{{/each}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
{{#if tree.cut}}<p class="cut">{{tree.cut}}</p>{{/if}}
{{else}}
<p>{{words.noProcesses}}</p>
{{/if}}
</section>`;

const table = `<div class="scroll" role="region" aria-label="{{label}}" tabindex="0">
{{#if upright}}
<table class="upright">
<thead><tr><th scope="col">{{@root.words.column}}</th><th scope="col">{{@root.words.value}}</th></tr></thead>
<tbody>
{{#each rows}}{{#each this}}<tr><th scope="row">{{column}}</th><td class="host">{{value}}</td></tr>
{{/each}}{{/each}}
</tbody>
</table>
{{else}}
<table{{#if wide}} class="wide"{{/if}}>
<thead><tr>{{#each columns}}<th scope="col">{{this}}</th>{{/each}}</tr></thead>
<tbody>
{{#each rows}}<tr>{{#each this}}<td class="host{{#if long}} long{{/if}}"{{#if ../../wide}} data-column="{{column}}"{{/if}}>{{value}}</td>{{/each}}</tr>
{{/each}}
</tbody>
</table>
{{/if}}
</div>
{{#if cut}}<p class="cut">{{cut}}</p>{{/if}}`;

const step = `{{#if task}}
<div class="task" id="{{anchor}}">
<span class="box" role="img" aria-label="{{kindWord}}">{{#if ticked}}☑{{else}}☐{{/if}}</span>
<p class="host">{{title}}{{#if answer}} <b>{{answer}}</b>{{/if}}{{#if checks}} <span class="see">{{@root.words.answeredBy}} {{#each checks}}<a href="#{{anchor}}">{{title}}</a> {{/each}}</span>{{/if}}</p>
</div>
{{else}}
<article class="step" id="{{anchor}}">
<h4><span class="host">{{title}}</span></h4>
<p class="meta">{{id}} · {{kindWord}}{{#if engine}} · {{engine}}{{/if}}{{#if count}} · {{count}}{{/if}}</p>
{{#if error}}<p class="said error"><b>{{@root.words.failed}}:</b> <span class="host">{{error}}</span></p>{{/if}}
{{#if skipped}}<p class="said warning"><b>{{@root.words.skipped}}:</b> <span class="host">{{skipped}}</span></p>{{/if}}
{{#each warnings}}<p class="said warning"><b>{{@root.words.warning}}:</b> <span class="host">{{this}}</span></p>
{{/each}}
{{#each repairs}}<p class="said"><b>{{@root.words.repaired}}:</b> <span class="host">{{this}}</span></p>
{{/each}}
{{#if signs}}{{> signs signs}}{{/if}}
{{#if table}}{{> table table}}{{/if}}
{{#if empty}}<p class="none">{{@root.words.noRows}}</p>{{/if}}
{{#if sql}}<p class="label">{{@root.words.query}}</p>
<pre><code>{{sql}}</code></pre>{{/if}}
</article>
{{/if}}`;

const steps = `<section aria-labelledby="steps">
<h2 id="steps">{{words.steps}}</h2>
{{#if stepsAbout}}<p class="note">{{stepsAbout}}</p>{{/if}}
{{#each sections}}
<section class="part">
<h3 class="host">{{title}}</h3>
{{#each steps}}{{> step}}
{{/each}}
</section>
{{/each}}
</section>`;

const indicators = `<section aria-labelledby="indicators">
<h2 id="indicators">{{words.indicators}}</h2>
{{#if indicators}}
<p class="note">{{indicatorsAbout}}</p>
<dl class="facts">
{{#each indicators}}<div><dt>{{label}}</dt>{{#each values}}<dd class="host">{{this}}</dd>{{/each}}{{#if cut}}<dd class="cut">{{cut}}</dd>{{/if}}</div>
{{/each}}
</dl>
{{else}}
<p>{{words.noIndicators}}</p>
{{/if}}
</section>`;

const about = `<footer aria-labelledby="about">
<h2 id="about">{{words.about}}</h2>
<p>{{> pieces about.by}} {{> pieces about.took}}</p>
<p>{{words.guide}}: <span class="host">{{about.guide}}</span></p>
{{#if about.problems}}
<p>{{words.guideProblem}}:</p>
<ul>{{#each about.problems}}<li class="host">{{this}}</li>{{/each}}</ul>
{{/if}}
<p>{{words.raw}} <a href="{{about.data.link}}">{{about.data.name}}</a></p>
<p>{{words.escapes}}</p>
</footer>`;

export const PARTS = { pieces, signs, verdict, timeline, processes, table, step, steps, indicators, about };
