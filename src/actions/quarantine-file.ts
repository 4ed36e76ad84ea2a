/** Takes one file, wherever it is, into the quarantine. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { look, openFile, sha256Of } from '../host/files.ts';
import { packagesIfKnown } from '../host/packages.ts';
import { componentsOf, show, toBytes } from '../host/paths.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Action, Plan } from './action.ts';
import { otherNamesOf } from './other-names.ts';
import { doubtNotes } from './removal-packages.ts';
import { applyRemoval } from './removal-apply.ts';
import { hindranceOf, isTooLarge } from './removal-checks.ts';
import { attributesOf, takeAway } from './removal-order.ts';
import { targetPath } from './removal-plan.ts';
import { noRemoval, type Removal } from './removal.ts';
import { undoRemoval } from './removal-undo.ts';
import type { UnitFile } from './unit-files.ts';

const params = z.strictObject({
  /** The alert's own file where it is not given. */
  path: z.string().startsWith('/', 'an absolute path').optional(),
  /** Also when the file has other names, which stay. */
  hard_links: z.boolean().default(false),
});

type Params = z.infer<typeof params>;

/** Without these a host does not start, or lets nobody in; and what is no file on a disk. */
const CRITICAL = [/^\/(?:proc|sys|dev|boot)\//, /^\/(?:usr\/)?lib(?:32|64|x32)?\/(?:modules|firmware)\//, /^\/(?:usr\/)?lib[^/]*\/(?:[^/]+-linux-[^/]+\/)?(?:ld-linux|libc\.so|libc-)/, /^\/(?:usr\/)?lib\/systemd\/systemd$/, /^\/var\/lib\/(?:dpkg|rpm)\//, /^\/run\/(?:systemd\/(?:private|notify|journal)|dbus|udev)\b/, /^\/etc\/(?:passwd|shadow|group|gshadow|subuid|subgid|fstab|crypttab|hostname|hosts|machine-id|nsswitch\.conf|resolv\.conf|ld\.so\.cache|sudoers|login\.defs|securetty|shells)-?$/, /^\/etc\/(?:pam\.d|security|ssh)\//, /^\/(?:usr\/)?s?bin\/(?:[bd]?a?sh|init|login|sshd|sudo|su|systemctl)$/];

export const quarantineFile: Action<Params, Removal> = {
  name: 'quarantine_file',
  summary: 'moves one file into the quarantine, with its hash, owner, mode, times and attributes',
  example: 'action: quarantine_file\nparams: {path: /tmp/payload, hard_links: false}',
  needs: [],
  undoable: true,
  reversible: 'the file comes back from the quarantine as it was',
  params,

  async plan({ path: given, hard_links }, context) {
    const named = given === undefined ? targetPath(context.target) : toBytes(given);
    const removal = noRemoval([]);
    const refuse = (reason: string): Plan<Removal> => ({ state: 'blocked', reason, steps: [], notes: [], data: removal });
    try {
      // Without empty parts, which the list of critical paths does not know.
      const path = Buffer.from(`/${componentsOf(named).map((name) => name.toString('latin1')).join('/')}`, 'latin1');
      const shown = show(path);
      if (look(path) === undefined) return { ...refuse(`${shown} is gone already`), state: 'nothing-to-do' };
      const critical = whyCritical(path, context.quarantine);
      if (critical !== undefined) return refuse(`${shown} ${critical}`);
      const { owners, problem } = await packagesIfKnown([path.toString()].filter((text) => Buffer.from(text).equals(path)));
      const owner = owners.get(path.toString());
      if (owner !== undefined) return refuse(`${shown} belongs to the package ${printable(owner)}: restore it from there (apt-get install --reinstall, dnf reinstall)`);
      using opened = openFile(path, hard_links ? 'any' : 'one');
      const file: UnitFile = { path, role: 'fragment', state: opened.state, sha256: isTooLarge(opened) ? '' : (sha256Of(opened.fd, MOST_COPY_BYTES) ?? '') };
      removal.operations.push(...attributesOf([file], context), takeAway(file));
      removal.otherNames.push(...otherNamesOf([file], context.directories));
      const notes = [...removal.otherNames.map((name) => `stays, look at it: ${name}`), ...runningFrom(file), ...doubtNotes(problem)];
      const reason = hindranceOf([file], context);
      const plan = { steps: removal.operations.map(({ text, target }) => ({ text, target })), notes, data: removal };
      return reason === undefined ? { ...plan, state: 'ready' } : { ...plan, state: 'blocked', reason };
    } catch (error) {
      // A link, a device, a FIFO, a hard link, a link on the way: said in words.
      if (error instanceof TickwardError) return refuse(error.hint === undefined ? error.message : `${error.message} (${error.hint})`);
      throw error;
    }
  },

  apply: (plan, context, record) => applyRemoval(plan.data, context, record),

  async verify({ data }) {
    const [path] = data.operations.flatMap((each) => (each.kind === 'file' ? [each.path] : []));
    if (path === undefined || look(path) === undefined) return { ok: true, text: `${path === undefined ? 'it' : show(path)} is gone` };
    return { ok: false, text: `${show(path)} is there (again): something makes it anew, look for it` };
  },

  undo: undoRemoval,
};

function whyCritical(path: Buffer, quarantine: string): string | undefined {
  const text = path.toString();
  if (text.startsWith(`${stateDirectoryOf(quarantine)}/`)) return "is Tickward's own: its journal and quarantine are what an undo rests on";
  return CRITICAL.some((pattern) => pattern.test(text)) ? 'is not taken away: this host may not start, or let anybody in, without it; restore it from a backup or its package' : undefined;
}

/** By its own name, which `--state-dir` may reach through a link. */
function stateDirectoryOf(quarantine: string): string {
  const directory = resolve(dirname(quarantine));
  return existsSync(directory) ? realpathSync(directory) : directory;
}

/** They go on, from the file that has no name any more. */
function runningFrom({ path, state }: UnitFile): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const { dev, ino } = statSync(`/proc/${pid}/exe`, { bigint: true });
      return String(dev) === state.dev && String(ino) === state.ino;
    } catch {
      return false;
    }
  });
  return pids.length === 0 ? [] : [`${show(path)} runs as process ${pids.join(', ')}, and goes on: end it with kill_process`];
}
