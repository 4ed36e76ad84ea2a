/** The whole product on a timer of its own: plant, detect, investigate, plan, remove, undo, remove again, tidy up. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHostContext } from '../../actions/index.ts';
import { readUsers, userOf } from '../../host/passwd.ts';
import { investigate, type InvestigatedStep, type Investigation } from '../../investigate/index.ts';
import { messageOf, TickwardError } from '../../model/errors.ts';
import type { Alert } from '../../model/event.ts';
import { printable } from '../../model/text.ts';
import { readGuide, type Language } from '../../playbooks/guides.ts';
import { playbookOfRule } from '../../playbooks/of-rule.ts';
import { readPlaybook } from '../../playbooks/responses.ts';
import { loadRules } from '../../playbooks/rules.ts';
import { planResponse, type PlannedStep } from '../../respond/plan.ts';
import type { Playbook } from '../../respond/playbook.ts';
import { respond, type RunResult } from '../../respond/run.ts';
import { undoRun } from '../../respond/undo.ts';
import { createEmbedded } from '../../sql/index.ts';
import { openStore, type Store } from '../../store/index.ts';
import type { SensorMode } from '../../sensor/index.ts';
import { embeddedTables } from '../../../extension/tables/embedded.ts';
import { startWatch, type Watch } from '../../watch/index.ts';
import type { DrillResult, DrillStep, Stage } from './result.ts';
import { bornAt, plant, prepareSite, standing, tidy, type Site } from './plant.ts';

export interface DrillOptions {
  uid: number;
  /** Default: one of its own, with chance in it. */
  unit?: string;
  sensor: SensorMode;
  lang: Language;
  management: readonly string[];
  timeoutMs: number;
  signal: AbortSignal;
  onStep: (step: DrillStep) => void;
  onAlert: (alert: Alert) => void;
  onInvestigation: (investigation: Investigation) => void;
  onPlan: (plan: readonly PlannedStep[]) => void;
  onRun: (stage: Stage, result: RunResult) => void;
}

const ALERT_WITHIN_MS = 5_000;
const MOST_ROWS = 1_000;

/** Goes on after a stage that fails as far as that makes sense; always tidies up. Throws when nothing could be planted, or when it was interrupted. */
export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const user = userOf(options.uid);
  const mark = randomBytes(8).toString('hex');
  const unit = options.unit ?? `tickward-drill-${mark.slice(0, 8)}.timer`;
  const stateDir = makeStateDirectory();
  let store: Store | undefined;
  try {
    store = openStore(stateDir, options.uid);
    const site = prepareSite(options.uid, user, unit, `tickward drill ${mark}`);
    return await new Drill(options, site, store).run();
  } finally {
    store?.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Of the drill's own, below $TMPDIR. */
function makeStateDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'tickward-drill-'));
  } catch (error) {
    throw new TickwardError('STATE', `the drill cannot keep its state in ${printable(tmpdir())}: ${messageOf(error)}`, { hint: 'set TMPDIR to a directory that can be written', cause: error });
  }
}

class Drill {
  private readonly options: DrillOptions;
  private readonly site: Site;
  private readonly store: Store;
  private readonly result: DrillResult;
  private readonly path: string;

  constructor(options: DrillOptions, site: Site, store: Store) {
    this.options = options;
    this.site = site;
    this.store = store;
    this.path = join(site.directory, site.unit);
    this.result = { unit: site.unit, path: this.path, detected: false, detection_ms: null, attribution: null, executable: null, command_line: null, user: null, engine: 'embedded', investigation: { queries: 0, failed: 0, skipped: 0 }, removed: false, undone: false, clean: false, steps: [] };
  }

  async run(): Promise<DrillResult> {
    try {
      const alert = await this.watchAndPlant();
      if (alert !== undefined) await this.answer(alert);
      return this.result;
    } finally {
      await this.stage('clean', async () => {
        const left = tidy(this.site);
        this.result.clean = left.length === 0;
        return { ok: this.result.clean, summary: left.length === 0 ? 'nothing of the drill is left' : left.join('; ') };
      });
    }
  }

  private async watchAndPlant(): Promise<Alert | undefined> {
    const { path } = this;
    const { promise: alerted, resolve } = Promise.withResolvers<Alert>();
    let at = 0;
    let watching: Watch | undefined;
    await this.stage('sense', async () => {
      watching = await startWatch({
        store: this.store,
        rules: async () => loadRules((error) => {
          throw error;
        }),
        mode: this.options.sensor,
        onNotice: () => undefined,
        onAlert(alert) {
          if (alert.event.file.path !== path) return;
          at = performance.timeOrigin + performance.now();
          resolve(alert);
        },
      });
      return { ok: true, summary: `watching by ${watching.sensor?.source ?? 'another process'}` };
    });
    try {
      await this.stage('plant', async () => {
        if (!(await plant(this.site, this.options.signal))) throw interruption();
        return { ok: true, summary: path };
      });
      return await this.detect(alerted, () => at);
    } finally {
      await watching?.stop();
    }
  }

  private async detect(alerted: Promise<Alert>, at: () => number): Promise<Alert | undefined> {
    const { result } = this;
    let alert: Alert | undefined;
    await this.stage('detect', async () => {
      alert = await withinTime(alerted, this.options.signal);
      if (alert === undefined) return { ok: false, summary: this.whyNoAlert() };
      const { process: by, user, tickward } = alert.event;
      const born = bornAt(this.site);
      result.detected = true;
      result.detection_ms = born === undefined ? null : Math.max(0, Math.round((at() - born) * 10) / 10);
      result.attribution = tickward.attribution;
      result.executable = by?.executable ?? null;
      result.command_line = by?.command_line ?? null;
      result.user = user?.name ?? user?.id ?? null;
      this.options.onAlert(alert);
      return { ok: by?.executable !== undefined, summary: `alert after ${result.detection_ms ?? '?'} ms` };
    });
    return alert;
  }

  private whyNoAlert(): string {
    const [seen] = [...this.store.events.list({ paths: [this.path], limit: 1 })];
    if (seen === undefined) return `no event of the file within ${ALERT_WITHIN_MS / 1000} s`;
    if (seen.process?.executable === undefined) return `the event was seen, but not its program (${seen.tickward.attribution_note ?? 'attribution none'}): the rules leave out events without one`;
    return `the event was seen (by ${seen.process.executable}), but no rule matches: they leave out what package managers and their like do`;
  }

  private async answer(alert: Alert): Promise<void> {
    const name = playbookOfRule(alert.rule.id);
    const playbook = readPlaybook(name);
    const context = createHostContext({ quarantine: join(this.store.directory, 'quarantine'), management: this.options.management });
    await this.stage('investigate', () => this.investigate(alert, name));
    await this.stage('plan', async () => {
      const plan = await planResponse(playbook, alert.event, context);
      this.options.onPlan(plan);
      return { ok: true, summary: `${plan.length} steps; the drill carries out only the removal` };
    });
    const removing = { playbook: onlyRemoval(playbook), event: alert.event, context, journal: this.store.journal, signal: this.options.signal, decide: async () => 'apply' as const };
    const remove = async (stage: Stage): Promise<RunResult> => {
      if (standing(this.site).length < this.site.files.size) throw new TickwardError('REFUSED', `${printable(this.path)} or its service is not what the drill planted any more: it is not touched`, { hint: 'look at who changed it: tickward watch' });
      const done = await respond(removing);
      this.options.onRun(stage, done);
      return done;
    };
    let run: string | null = null;
    await this.stage('remove', async () => {
      const done = await remove('remove');
      run = done.run;
      this.result.removed = done.steps.every((step) => step.state === 'changed') && standing(this.site).length === 0;
      return { ok: this.result.removed, summary: summaryOf(done) };
    });
    if (run === null || !this.result.removed) return;
    await this.stage('undo', async () => {
      const done = await undoRun({ run: run ?? '', journal: this.store.journal, context });
      this.options.onRun('undo', done);
      this.result.undone = standing(this.site).length === this.site.files.size;
      return { ok: this.result.undone, summary: summaryOf(done) };
    });
    await this.stage('remove-again', async () => {
      const done = await remove('remove-again');
      const gone = done.steps.every((step) => step.state === 'changed') && standing(this.site).length === 0;
      this.result.removed &&= gone;
      return { ok: gone, summary: summaryOf(done) };
    });
  }

  private async investigate(alert: Alert, name: string): Promise<Outcome> {
    const engine = await createEmbedded({ tables: embeddedTables({ stateDir: this.store.directory, uid: this.options.uid }) });
    try {
      const found = await investigate({
        event: alert.event,
        alert: alert.id,
        guide: readGuide(name, this.options.lang),
        engine,
        parses: (sql) => engine.parses(sql),
        host: { uid: this.options.uid, users: readUsers() },
        history: { events: (since, until, limit) => this.store.events.list({ since, until, ...(limit === undefined ? {} : { limit }) }), alerts: (since) => this.store.alerts.list({ since }) },
        lang: this.options.lang,
        timeoutMs: this.options.timeoutMs,
        maxRows: MOST_ROWS,
      });
      // A query that also runs with the user's real home (6b) is still one of the guide's.
      const count = (wanted: (step: InvestigatedStep) => boolean): number => new Set(found.steps.filter((step) => (step.kind === 'query' || step.kind === 'broken') && wanted(step)).map((step) => Number.parseInt(step.id, 10))).size;
      const counts = { queries: count(() => true), failed: count((step) => step.error !== null), skipped: count((step) => step.skipped !== null) };
      this.result.investigation = counts;
      this.options.onInvestigation(found);
      return { ok: counts.failed === 0, summary: `${counts.queries} queries, ${counts.failed} failed, ${counts.skipped} skipped` };
    } finally {
      await engine.close();
    }
  }

  /** Times and reports a stage; what it throws is its failure, but an interruption ends the drill. */
  private async stage(id: Stage, work: () => Promise<Outcome>): Promise<void> {
    if (id !== 'clean' && this.options.signal.aborted) throw interruption();
    const start = performance.now();
    const done = (outcome: Outcome): void => {
      const step = { id, ...outcome, ms: Math.round((performance.now() - start) * 10) / 10 };
      this.result.steps.push(step);
      this.options.onStep(step);
    };
    try {
      done(await work());
    } catch (error) {
      if (error instanceof TickwardError && error.code === 'INTERRUPTED') throw error;
      done({ ok: false, summary: messageOf(error) });
      if (id === 'sense' || id === 'plant') throw error;
    }
  }
}

interface Outcome {
  ok: boolean;
  summary: string;
}

/** Masks are left out: nothing will plant the drill's timer again. */
function onlyRemoval(playbook: Playbook): Playbook {
  const steps = playbook.steps.flatMap((step) => (step.kind === 'action' && step.action === 'remove_timer' ? [{ ...step, params: { ...step.params, keep_mask: false } }] : []));
  return { ...playbook, steps };
}

function summaryOf(result: RunResult): string {
  return result.steps.map((step) => step.summary).join('; ') || 'the playbook has no step that removes a timer';
}

async function withinTime(alerted: Promise<Alert>, signal: AbortSignal): Promise<Alert | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ALERT_WITHIN_MS, undefined);
  const onAbort = (): void => reject(interruption());
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([alerted, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function interruption(): TickwardError {
  return new TickwardError('INTERRUPTED', 'the drill was interrupted', { hint: 'what it planted was taken out again' });
}
