/** `tickward doctor`: what works here, what does not, and what would mend it. Changes nothing. */
import { actions } from '../../actions/index.ts';
import { run } from '../../exec.ts';
import { isBooted } from '../../host/systemd.ts';
import { messageOf, placedMessageOf } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { playbookNames } from '../../playbooks/files.ts';
import { readGuide } from '../../playbooks/guides.ts';
import { readPlaybook } from '../../playbooks/responses.ts';
import { loadRules } from '../../playbooks/rules.ts';
import { sensorSupport } from '../../sensor/index.ts';
import { engines } from '../../sql/index.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { extensionFindings } from '../doctor/extension.ts';
import type { Finding } from '../doctor/finding.ts';
import { sensorFinding } from '../doctor/sensor.ts';
import { service } from '../doctor/service.ts';
import { stateFinding } from '../doctor/state.ts';

export const doctor: Register = (program, act) => {
  program
    .command('doctor')
    .description('checks what the sensor, the engines, the responses and the osquery extension need')
    .option('--socket <path>', "osquery's extension manager socket")
    .addHelpText('after', "\nExamples:\n  sudo tickward doctor\n  sudo tickward doctor --json | jq '.[] | select(.ok | not)'\n\nExit code 1 when something is not as it should be.")
    .action(act(async (context) => {
      const findings = await examine(context);
      if (context.out.json) context.out.document(findings);
      else for (const finding of findings) print(context, finding);
      return findings.every((finding) => finding.ok) ? Exit.DONE : Exit.FAILED;
    }));
};

function print({ out }: Context, { check, ok, found, fix }: Finding): void {
  out.line(`${ok ? out.paint('green', 'ok  ') : out.paint('yellow', 'look')}  ${check.padEnd(20)} ${printable(found)}`);
  if (fix !== null) out.line(`      ${' '.repeat(20)} → ${printable(fix)}`);
}

async function examine(context: Context): Promise<Finding[]> {
  return [
    { check: 'node', ok: true, found: `${process.version} (${process.execPath})`, fix: null },
    rights(context),
    stateFinding(context.settings, context.uid),
    sensorFinding(sensorSupport()),
    ...playbooks(),
    ...(await sqlEngines(context)),
    serviceManager(),
    await service(),
    await nft(),
    ...extensionFindings(),
  ];
}

function rights({ uid }: Context): Finding {
  if (uid === 0) return { check: 'rights', ok: true, found: 'root', fix: null };
  return { check: 'rights', ok: false, found: `uid ${uid}: only this user's units can be watched closely and changed; isolation is a plan only`, fix: 'run as root: sudo tickward doctor' };
}

function playbooks(): Finding[] {
  const broken: string[] = [];
  const rules = loadRules((error, file) => broken.push(`${file}, ${placedMessageOf(error)}`));
  for (const name of playbookNames()) {
    try {
      readGuide(name, 'en');
      readPlaybook(name);
    } catch (error) {
      broken.push(`${name}: ${placedMessageOf(error)}`);
    }
  }
  return [{ check: 'playbooks', ok: broken.length === 0, found: broken.length === 0 ? `${rules.length} rule(s), guides and responses load; actions: ${actions.map((action) => action.name).join(', ')}` : broken.join('; '), fix: broken.length === 0 ? null : 'mend the file that is named, or install Tickward again' }];
}

/** osquery is welcome, not needed: without it the embedded engine answers. */
async function sqlEngines({ settings }: Context): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, create } of engines) {
    const engine = await create(settings.socket === undefined ? {} : { socket: settings.socket });
    const answer = await engine.available();
    await engine.close();
    const needed = name === 'embedded' || (name === 'osqueryd' && settings.socket !== undefined);
    findings.push({ check: `engine ${name}`, ok: answer.ok || !needed, found: answer.ok ? answer.detail ?? 'answers' : `${answer.reason}${needed ? '' : ' (not needed)'}`, fix: answer.ok || !needed ? null : 'see what the reason names' });
  }
  return findings;
}

function serviceManager(): Finding {
  return { check: 'systemd', ok: true, found: isBooted() ? 'runs: timers are stopped and removed through systemctl' : 'does not run here: only files are removed', fix: null };
}

async function nft(): Promise<Finding> {
  try {
    const { stdout } = await run('nft', ['--version']);
    return { check: 'nftables', ok: true, found: stdout.trim(), fix: null };
  } catch (error) {
    return { check: 'nftables', ok: false, found: `${messageOf(error)}: the host cannot be isolated`, fix: 'apt-get install nftables (dnf install nftables)' };
  }
}
