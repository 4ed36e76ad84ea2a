/** An investigation as the template takes it: every text in words, bounded and made safe to read. */
import type { Indicators, InvestigatedStep, Investigation, Level } from '../investigate/result.ts';
import { shownPath } from '../model/event.ts';
import { defang } from '../model/defang.ts';
import { shellWord } from '../model/text.ts';
import { ENGLISH } from './english.ts';
import { CHINESE } from './chinese.ts';
import { clock, fill, say, shown, type Piece } from './shown.ts';
import { factsOf, storyOf, type Fact } from './event.ts';
import { MOST_OF_A_SIGN, signView, type SignView } from './signs.ts';
import { anchorOf, sectionsOf, type Section } from './steps.ts';
import { timelineOf, type TimelineView } from './timeline.ts';
import { treeOf, type TreeView } from './tree.ts';
import type { Language, Words } from './words.ts';

export interface ReportOptions {
  lang: Language;
  /** Name of the file beside the report that has all of it as JSON. */
  data: string;
  version: string;
}

export interface View {
  lang: Language;
  title: string;
  words: Words;
  verdict: { level: string; mark: Mark; word: string; meaning: string; against: SignView[]; inFavour: SignView[]; open: string[] };
  story: Piece[];
  facts: Fact[];
  next: string;
  timeline: TimelineView;
  tree: TreeView;
  stepsAbout: string | null;
  sections: Section[];
  indicators: { label: string; values: string[]; cut: string | null }[];
  indicatorsAbout: string;
  about: { guide: string; problems: string[]; took: Piece[]; by: Piece[]; data: { name: string; link: string } };
}

/** Paths in a square of 24: the level is told by shape as well as by colour. */
interface Mark {
  shape: string;
  sign: string;
}

const TRIANGLE = 'M12 1.5 23.5 22H.5Z';
const CIRCLE = 'M12 1a11 11 0 1 1 0 22 11 11 0 0 1 0-22Z';
const EXCLAMATION = 'M12 8.5v6M12 18.4v.1';

const MARKS: Record<Level, Mark> = {
  'highly-suspicious': { shape: 'M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4Z', sign: 'M12 6v7M12 17.4v.1' },
  suspicious: { shape: TRIANGLE, sign: EXCLAMATION },
  unclear: { shape: CIRCLE, sign: 'M8.7 9.2c.2-4.3 6.7-4 6.7-.2 0 2.4-3.3 2.5-3.3 5M12.1 18v.1' },
  explained: { shape: CIRCLE, sign: 'M7 12.4l3.4 3.4L17 9' },
};

const MOST_SIGNS = 50;
const MOST_INDICATORS = 200;

export function viewOf(result: Investigation, { lang, data, version }: ReportOptions): View {
  const words = lang === 'zh-CN' ? CHINESE : ENGLISH;
  const file = shown(data, 120);
  const { verdict, event } = result;
  const signs = verdict.signs.slice(0, MOST_SIGNS);
  const left = result.steps.filter((step) => step.needs_person !== null).length;
  return {
    lang,
    title: `${words.report}: ${shown(event.file.name, 80)}`,
    words,
    verdict: {
      level: verdict.level,
      mark: MARKS[verdict.level],
      ...words.level[verdict.level],
      against: signs.filter(({ weight }) => weight !== 'harmless').map((sign) => signView(sign, words, linkTo(result.steps, sign.from))),
      inFavour: signs.filter(({ weight }) => weight === 'harmless').map((sign) => signView(sign, words, linkTo(result.steps, sign.from))),
      open: verdict.open.slice(0, MOST_SIGNS).map((text) => shown(text, MOST_OF_A_SIGN)),
    },
    story: storyOf(event, words),
    facts: factsOf(result, words),
    next: `tickward respond ${result.alert === null ? `--file ${quoted(shownPath(event))}` : shown(result.alert, 120)} --dry-run`,
    timeline: timelineOf(result.timeline, event['@timestamp'], words, file),
    tree: treeOf(result.processes, words, file),
    stepsAbout: result.steps.some(({ kind }) => kind === 'task') ? say(words.stepsAbout, { count: left }) : null,
    sections: sectionsOf(result.steps, words, file),
    indicators: indicatorsOf(result.indicators, words, file),
    indicatorsAbout: say(words.indicatorsAbout, { file }),
    about: {
      guide: shown(result.guide.title),
      problems: result.guide.problems.slice(0, MOST_SIGNS).map((text) => shown(text)),
      took: fill(words.took, { time: clock(result.started), seconds: (result.took_ms / 1000).toFixed(1), engine: result.engine }),
      by: fill(words.by, { version, host: event.host.name }),
      // `./` keeps a name with a colon from being read as a scheme.
      data: { name: file, link: `./${encodeURIComponent(data.toWellFormed())}` },
    },
  };
}

function linkTo(steps: readonly InvestigatedStep[], id: string): SignView['from'] {
  const index = steps.findIndex((step) => step.id === id);
  return index < 0 ? null : { anchor: anchorOf(index), title: shown(steps[index]?.title ?? '', 80) };
}

/** For a shell, where the path may hold anything; what cannot be typed stands as an escape, which `--file` reads. */
function quoted(path: string): string {
  const text = shown(path, 1_000);
  return /^[\w./@:-]+$/.test(text) ? text : shellWord(text);
}

const LEADS_SOMEWHERE: ReadonlySet<string> = new Set(['urls', 'domains', 'addresses']);

function indicatorsOf(indicators: Indicators, words: Words, file: string): View['indicators'] {
  const kinds = Object.keys(words.indicator) as (keyof Words['indicator'])[];
  return kinds.flatMap((kind) => {
    const all = indicators[kind];
    if (all.length === 0) return [];
    const values = all.slice(0, MOST_INDICATORS).map((value) => shown(LEADS_SOMEWHERE.has(kind) ? defang(value) : value));
    return [{ label: words.indicator[kind], values, cut: values.length === all.length ? null : say(words.cutOthers, { shown: values.length, all: all.length, file }) }];
  });
}
