/** The steps as a report shows them: each table with its query and engine, bounded, the cut said. */
import type { InvestigatedStep } from '../investigate/result.ts';
import { say, shown } from './shown.ts';
import { signView, type SignView } from './signs.ts';
import type { Words } from './words.ts';

const MOST_ROWS = 100;
const MOST_SIGNS = 20;
/** UTF-16 units of the cells of one table, and of all together. */
const MOST_OF_A_TABLE = 200_000;
const MOST_OF_ALL = 3_000_000;
const MOST_OF_A_QUERY = 6_000;
/** A table with more columns is printed as one block a row. */
const MOST_SIDE_BY_SIDE = 7;
/** One row of so many columns reads better from top to bottom. */
const LEAST_UPRIGHT = 4;
/** UTF-16 units of a value that gets a wide column. */
const LEAST_LONG = 24;

export interface Table {
  label: string;
  columns: string[];
  rows: { column: string; value: string; long: boolean }[][];
  /** One row, its columns below each other. */
  upright: boolean;
  wide: boolean;
  cut: string | null;
}

export interface StepView {
  anchor: string;
  id: string;
  title: string;
  kind: InvestigatedStep['kind'];
  kindWord: string;
  task: boolean;
  ticked: boolean;
  answer: string | null;
  checks: { anchor: string; title: string }[];
  sql: string | null;
  engine: string | null;
  count: string | null;
  repairs: string[];
  warnings: string[];
  skipped: string | null;
  error: string | null;
  empty: boolean;
  signs: SignView[];
  table: Table | null;
}

export interface Section {
  title: string;
  steps: StepView[];
}

export function anchorOf(index: number): string {
  return `step-${index + 1}`;
}

/** In their order, those that follow each other under one heading together. */
export function sectionsOf(steps: readonly InvestigatedStep[], words: Words, file: string): Section[] {
  const sections: Section[] = [];
  let left = MOST_OF_ALL;
  for (const [index, step] of steps.entries()) {
    const title = step.section === '' ? words.withoutSection : shown(step.section);
    let section = sections.at(-1);
    if (section?.title !== title) sections.push((section = { title, steps: [] }));
    const view = stepView(step, anchorOf(index), { words, file, steps, left });
    left -= sizeOf(view.table);
    section.steps.push(view);
  }
  return sections;
}

interface Around {
  words: Words;
  file: string;
  steps: readonly InvestigatedStep[];
  left: number;
}

function stepView(step: InvestigatedStep, anchor: string, around: Around): StepView {
  const { words, steps } = around;
  const answered = step.skipped === null && step.error === null && (step.kind === 'query' || step.kind === 'check');
  return {
    anchor,
    id: shown(step.id, 40),
    title: shown(step.title),
    kind: step.kind,
    kindWord: words.stepKind[step.kind],
    task: step.kind === 'task',
    ticked: step.answer === 'fine' || step.answer === 'suspicious' || (step.kind === 'task' && step.needs_person === null),
    answer: step.answer === null ? null : words.answers[step.answer],
    checks: step.checks.flatMap((id) => {
      const index = steps.findIndex((other) => other.id === id);
      return index < 0 ? [] : [{ anchor: anchorOf(index), title: shown(steps[index]?.title ?? '', 120) }];
    }),
    // SQL keeps its lines.
    sql: step.sql === null ? null : step.sql.split('\n', 200).map((line) => shown(line, MOST_OF_A_QUERY)).join('\n'),
    engine: step.engine === null ? null : say(words.engine, { engine: shown(step.engine, 40) }),
    count: answered ? say(words.rows, { count: step.rows.length }) : null,
    repairs: step.repairs.map((text) => shown(text)),
    warnings: step.warnings.map((text) => shown(text)),
    skipped: step.skipped === null ? null : shown(step.skipped),
    error: step.error === null ? null : shown(step.error),
    signs: step.signs.slice(0, MOST_SIGNS).map((sign) => signView(sign, words)),
    empty: answered && step.rows.length === 0,
    table: step.rows.length === 0 ? null : tableOf(step, around),
  };
}

function tableOf(step: InvestigatedStep, { words, file, left }: Around): Table {
  const rows: Table['rows'] = [];
  let room = Math.min(left, MOST_OF_A_TABLE);
  for (const row of step.rows.slice(0, MOST_ROWS)) {
    const cells = step.columns.map((column) => cellOf(column, Object.hasOwn(row, column) ? (row[column] ?? '') : ''));
    room -= cells.reduce((sum, cell) => sum + cell.column.length + cell.value.length, 0);
    if (room < 0) break;
    rows.push(cells);
  }
  return {
    label: shown(step.title, 120),
    columns: step.columns.map((column) => shown(column, 80)),
    rows,
    upright: step.rows.length === 1 && rows.length === 1 && step.columns.length >= LEAST_UPRIGHT,
    wide: step.columns.length > MOST_SIDE_BY_SIDE,
    cut: rows.length === step.rows.length ? null : say(words.cutRows, { shown: rows.length, all: step.rows.length, file }),
  };
}

function cellOf(column: string, text: string): Table['rows'][number][number] {
  const value = shown(text);
  return { column: shown(column, 80), value, long: value.length > LEAST_LONG };
}

function sizeOf(table: Table | null): number {
  return table === null ? 0 : table.rows.flat().reduce((sum, cell) => sum + cell.column.length + cell.value.length, 0);
}
