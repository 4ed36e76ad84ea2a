/** `tickward drill`: a stranger's first minute. */
import { shownPath } from '../../model/event.ts';
import { printable, shorten } from '../../model/text.ts';
import { userText } from '../alert-text.ts';
import { runDrill } from '../drill/index.ts';
import type { DrillResult } from '../drill/result.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { printPlanned, printStep } from '../run-output.ts';
import { showStep } from '../investigation-output.ts';
import { uninterrupted } from '../signals.ts';

interface Options {
  unit?: string;
}

export const drill: Register = (program, act) => {
  program
    .command('drill')
    .description('plants a harmless timer, detects it, investigates, shows and runs the removal, cleans up')
    .option('--unit <name>', 'name of the timer (default tickward-drill-RANDOM.timer)')
    .option('--lang <language>', 'en or zh-CN')
    .option('--sensor <kind>', 'auto, fanotify, inotify or scan')
    .addHelpText('after', `
Examples:
  sudo tickward drill                 in /etc/systemd/system
  tickward drill                      in your own ~/.config/systemd/user
  tickward drill --json --yes | jq '{detected, detection_ms, executable, clean}'

It plants only what it can take out again, under a name of its own, and keeps its state in a directory of its own.
It asks nothing. Exit code 0 when every step went well, 1 when one did not, 130 when it was interrupted.`)
    .action(act((context, options: Options) => run(context, options)));
};

/** Letters of the command line and rows of each answer that a person is shown; `tickward investigate` shows more. */
const SHOWN = 200;
const SHOWN_ROWS = 3;

async function run(context: Context, options: Options): Promise<number> {
  const { settings, out, uid } = context;
  const heading = (text: string): void => void (out.json || (out.line(), out.line(out.paint('bold', text))));
  // Neither a second Ctrl-C nor a reader that is gone (`| head`) may leave the timer behind.
  const result = await uninterrupted((signal) => runDrill({
    uid,
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    sensor: settings.sensor,
    lang: settings.lang,
    management: settings.management,
    timeoutMs: settings.timeout * 1000,
    signal,
    onStep(step) {
      const sign = step.ok ? out.paint('green', 'ok') : out.paint('red', 'FAILED');
      if (!out.json) out.line(`${sign}  ${out.paint('bold', step.id)}  ${printable(step.summary)} (${step.ms} ms)`);
    },
    onAlert(alert) {
      if (out.json) return;
      const { event } = alert;
      heading(`Alert: ${alert.rule.name} — ${alert.rule.severity}, risk ${alert.rule.risk_score}`);
      out.line(`  file     ${shownPath(event)}`);
      out.line(`  program  ${printable(event.process?.executable ?? 'not known')} (pid ${event.process?.pid ?? '?'}, attribution ${event.tickward.attribution})`);
      out.line(`  command  ${shorten(event.process?.command_line ?? 'not known', SHOWN)}`);
      out.line(`  user     ${userText(event)}`);
    },
    onInvestigation(found) {
      if (out.json) return;
      heading('Investigation: the queries of the guide, on the embedded engine');
      for (const step of found.steps) if (step.kind === 'query' || step.kind === 'broken') showStep(context, step, SHOWN_ROWS);
      out.line(`${found.steps.filter((step) => step.kind === 'check').length} checks of the timer, of what it runs and of what happened around it say: ${found.verdict.level}. tickward investigate shows them, and what is left for a person.`);
    },
    onPlan(plan) {
      if (out.json) return;
      heading('Response: what the playbook would do');
      for (const step of plan) if (step.kind === 'action') printPlanned(out, step);
      out.line(`\n${plan.filter((step) => step.kind === 'human').length} more steps are for a person. Of all these the drill does only the removal:`);
    },
    onRun(_stage, done) {
      if (!out.json) for (const step of done.steps) printStep(out, step);
    },
  }));
  if (out.json) out.document(result);
  else conclude(context, result);
  return result.steps.every((step) => step.ok) && result.clean ? Exit.DONE : Exit.FAILED;
}

function conclude({ out }: Context, result: DrillResult): void {
  out.line();
  const failed = result.steps.filter((step) => !step.ok);
  if (failed.length > 0) {
    out.line(out.paint('red', `The drill did not go well: ${failed.map((step) => `${step.id}: ${printable(step.summary)}`).join('; ')}`));
    return;
  }
  out.line(out.paint('green', `Detected in ${result.detection_ms ?? '?'} ms, made by ${printable(result.executable ?? '?')} of ${printable(result.user ?? '?')}; ${result.investigation.queries} queries answered; removed, undone, removed again; nothing is left.`));
  out.line('Next: sudo tickward watch');
}
