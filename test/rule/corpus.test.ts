/** Queries in the shapes that rules for Linux are published in: each parses, and tells an event that it means from one that it does not. */
import { expect, test } from 'vitest';
import { compileEql } from '../../src/rule/evaluate.ts';
import { parseEql } from '../../src/rule/parse.ts';

type Fields = Readonly<Record<string, unknown>>;

const LINUX = { 'host.os.type': 'linux' };
const FILE = { ...LINUX, 'event.category': ['file'], 'event.type': ['creation'], 'event.action': 'creation', 'process.executable': '/usr/bin/bash', 'process.name': 'bash', 'user.id': '0' };
const EXEC = { ...LINUX, 'event.category': ['process'], 'event.type': ['start'], 'event.action': 'exec', 'process.executable': '/usr/bin/bash', 'process.name': 'bash', 'process.parent.name': 'sshd', 'process.parent.executable': '/usr/sbin/sshd', 'process.args_count': 2, 'user.id': '1000' };
const NETWORK = { ...LINUX, 'event.category': ['network'], 'event.type': ['start'], 'event.action': 'connection_attempted', 'process.name': 'curl', 'destination.ip': '93.184.215.14', 'destination.port': 4444 };

/** The query, what is added to the event for it to match, and what for it not to. */
const FILES: readonly [string, Fields, Fields][] = [
  ['file where host.os.type == "linux" and event.action == "creation" and file.path : "/etc/cron.d/*"', { 'file.path': '/etc/cron.d/x' }, { 'file.path': '/etc/crontab' }],
  ['file where event.type == "creation" and file.path like "/etc/ld.so.preload"', { 'file.path': '/etc/ld.so.preload' }, { 'file.path': '/etc/ld.so.preload.bak' }],
  ['file where event.type != "deletion" and file.name : ".bashrc"', { 'file.name': '.bashrc' }, { 'event.type': ['deletion'], 'file.name': '.bashrc' }],
  ['file where event.action in ("creation", "rename") and file.extension == "service"', { 'file.extension': 'service' }, { 'file.extension': 'timer' }],
  ['file where event.action in~ ("CREATION", "Rename") and file.name != null', { 'file.name': 'x' }, {}],
  ['file where file.extension == null and file.path : "/etc/pam.d/*"', { 'file.path': '/etc/pam.d/sshd' }, { 'file.path': '/etc/pam.d/sshd.bak', 'file.extension': 'bak' }],
  ['file where file.path like~ ("/etc/sudoers", "/etc/sudoers.d/*") and not process.name in ("visudo", "sudo")', { 'file.path': '/ETC/sudoers.d/x' }, { 'file.path': '/etc/sudoers.d/x', 'process.name': 'visudo' }],
  ['file where file.path : ("/home/*/.ssh/*", "/root/.ssh/*") and file.name : ("authorized_keys", "authorized_keys2")', { 'file.path': '/home/a/.ssh/authorized_keys', 'file.name': 'authorized_keys' }, { 'file.path': '/home/a/.ssh/config', 'file.name': 'config' }],
  ['file where event.action == "rename" and file.Ext.original.path : "/tmp/*"', { 'event.action': 'rename', 'file.Ext.original.path': '/tmp/a' }, { 'event.action': 'rename' }],
  ['file where event.action == "rename" and file.Ext.original.extension != "dpkg-new"', { 'event.action': 'rename' }, { 'event.action': 'rename', 'file.Ext.original.extension': 'dpkg-new' }],
  ['file where file.path : "/proc/*/fd/*" or file.path : "/dev/shm/?*"', { 'file.path': '/dev/shm/a' }, { 'file.path': '/dev/shm/' }],
  ['file where file.name like "sess_????" and file.size > 100', { 'file.name': 'sess_abcd', 'file.size': 101 }, { 'file.name': 'sess_abcd', 'file.size': 100 }],
  ['file where file.size >= 1e3 and file.size < 2000.5', { 'file.size': 2000 }, { 'file.size': 2001 }],
  ['file where process.executable != null and (file.path : "/lib/security/*" and file.extension == "so" or file.path == "/etc/pam.conf")', { 'file.path': '/etc/pam.conf' }, { 'file.path': '/lib/security/x', 'file.extension': 'txt' }],
  ['file where not process.executable : ("/nix/store/*", "/snap/*") and not file.extension in ("swp", "swpx")', { 'file.extension': 'timer' }, { 'process.executable': '/snap/core/x' }],
  ['file where file.path : "/usr/lib/systemd/system-generators/*" and not (process.name == "dpkg" or process.name == "rpm")', { 'file.path': '/usr/lib/systemd/system-generators/x' }, { 'file.path': '/usr/lib/systemd/system-generators/x', 'process.name': 'rpm' }],
  ['file where file.path regex "/etc/(init|rc[0-6S])\\\\.d/.*"', { 'file.path': '/etc/rc3.d/S99x' }, { 'file.path': '/etc/rc7.d/x' }],
  ['file where file.path regex~ """/home/[^/]+/\\.config/autostart/.+\\.desktop"""', { 'file.path': '/home/a/.config/autostart/X.DESKTOP' }, { 'file.path': '/home/a/b/.config/autostart/x.desktop' }],
  ['file where length(file.name) <= 3', { 'file.name': '.a1' }, { 'file.name': '.a12' }],
  ['file where startsWith(file.name, ".") and not endsWith~(file.name, ".SWP")', { 'file.name': '.x' }, { 'file.name': '.x.swp' }],
  ['file where stringContains~(file.path, "/systemd/") and indexOf(file.path, "/etc") == 0', { 'file.path': '/etc/Systemd/x' }, { 'file.path': '/usr/etc/systemd/x' }],
  ['file where substring(file.name, -6) == ".timer"', { 'file.name': 'x.timer' }, { 'file.name': 'x.timer2' }],
  ['file where between(file.path, "/home/", "/") == "eve"', { 'file.path': '/home/eve/x' }, { 'file.path': '/home/adam/eve/x' }],
  ['file where concat(file.name, ":", user.id) : "x*:0"', { 'file.name': 'xy' }, { 'file.name': 'xy', 'user.id': '10' }],
  ['file where wildcard~(file.name, "*.SO", "*.so.?")', { 'file.name': 'x.so.6' }, { 'file.name': 'x.so.60' }],
  ['file where ?file.Ext.header_bytes : "7f454c46*"', { 'file.Ext.header_bytes': '7F454C4602' }, {}],
  ['file where ?file.Ext.original.name == null and file.name == "x"', { 'file.name': 'x' }, { 'file.name': 'x', 'file.Ext.original.name': 'y' }],
  ['file where event.type : ("change", "creation") and user.id != "0"', { 'user.id': '33' }, {}],
  ['file where file.path == "/etc/passwd" // the account file\n and /* but not\n by its tools */ not process.name : "user*"', { 'file.path': '/etc/passwd' }, { 'file.path': '/etc/passwd', 'process.name': 'useradd' }],
  ['file where\n\tfile.name == "a \\"b\\" \\\\ \\t\\u{e9}"\r\n', { 'file.name': 'a "b" \\ \té' }, { 'file.name': 'a b' }],
  ['"file" where true', {}, { 'event.category': ['process'] }],
  ['any where event.category == "file" and event.action != null', {}, { 'event.category': ['network'] }],
];

const PROCESSES: readonly [string, Fields, Fields][] = [
  ['process where event.type == "start" and event.action in ("exec", "exec_event") and process.name : ("*sh", "python*")', {}, { 'process.name': 'ls' }],
  ['process where process.name == "systemctl" and process.args in ("enable", "start") and process.args : "*.timer"', { 'process.name': 'systemctl', 'process.args': ['systemctl', 'enable', 'x.timer'] }, { 'process.name': 'systemctl', 'process.args': ['systemctl', 'stop', 'x.timer'] }],
  ['process where process.args == "-c" and process.command_line : ("*curl*|*sh*", "*base64 -d*")', { 'process.args': ['bash', '-c'], 'process.command_line': 'bash -c "curl x | sh"' }, { 'process.args': ['bash', '-c'], 'process.command_line': 'bash -c ls' }],
  ['process where process.args_count >= 10 and process.name == "which"', { 'process.name': 'which', 'process.args_count': 10 }, { 'process.name': 'which' }],
  ['process where process.args_count == 2 and not process.args like "--*"', { 'process.args': ['bash', '-i'] }, { 'process.args': ['bash', '--login'] }],
  ['process where process.parent.executable != null and process.executable : "/usr/bin/chattr" and process.args : ("-*i*", "+*i*")', { 'process.executable': '/usr/bin/chattr', 'process.args': ['chattr', '+i', 'x'] }, { 'process.executable': '/usr/bin/chattr', 'process.args': ['chattr', '+a', 'x'] }],
  ['process where process.command_line regex ".*[0-9a-f]{32,}.*"', { 'process.command_line': `x ${'0a'.repeat(20)}` }, { 'process.command_line': 'x 0a0a' }],
  ['process where process.command_line regex~ """.*(;|\\&\\&|\\>|\\<).*"""', { 'process.command_line': 'a && b' }, { 'process.command_line': 'a & b' }],
  ['process where process.command_line regex ("nc .*", "ncat .*") and not process.parent.name : "jem"', { 'process.command_line': 'ncat -l' }, { 'process.command_line': 'ncat -l', 'process.parent.name': 'JEM' }],
  ['process where process.name in~ ("BASH", "DASH") and process.parent.name not in~ ("cron", "crond")', {}, { 'process.parent.name': 'CRON' }],
  ['process where not process.name in ("dash") and process.parent.name not in ("cron")', {}, { 'process.parent.name': 'cron' }],
  ['process where process.executable like ("/tmp/*", "/var/tmp/*", "./*") and user.id == "0"', { 'process.executable': '/tmp/x', 'user.id': '0' }, { 'process.executable': '/tmp/x' }],
  ['process where process.working_directory == "/etc" and process.args in ("shadow", "shadow-", "shadow~")', { 'process.working_directory': '/etc', 'process.args': ['cat', 'shadow~'] }, { 'process.working_directory': '/home', 'process.args': ['cat', 'shadow'] }],
  ['process where process.interactive == true and process.entry_leader.entry_meta.type == "sshd"', { 'process.interactive': true, 'process.entry_leader.entry_meta.type': 'sshd' }, { 'process.interactive': false, 'process.entry_leader.entry_meta.type': 'sshd' }],
  ['process where process.interactive and not process.tty.x', { 'process.interactive': true }, { 'process.interactive': 'true' }],
  ['process where process.env_vars : ("LD_PRELOAD=?*", "LD_LIBRARY_PATH=?*")', { 'process.env_vars': ['A=1', 'LD_PRELOAD=/tmp/x.so'] }, { 'process.env_vars': ['LD_PRELOAD='] }],
  ['process where ?process.parent.name == "sshd" and ?process.group_leader.name == null', {}, { 'process.group_leader.name': 'x' }],
  ['process where (process.name == "dd" and (process.args like "if=*" and process.args like "of=*")) or ((process.name in ("split")))', { 'process.name': 'dd', 'process.args': ['dd', 'if=a', 'of=b'] }, { 'process.name': 'dd', 'process.args': ['dd', 'if=a'] }],
  ['process where process.Ext.effective_parent.executable : "/usr/lib/systemd/*" or `process.Ext`.`effective_parent`.executable == "x"', { process: { Ext: { effective_parent: { executable: 'x' } }, name: 'x' } }, { process: { Ext: {} } }],
  ['process where length(process.command_line) > 20 and length(process.name) < 6', { 'process.command_line': 'x'.repeat(21) }, { 'process.command_line': 'x' }],
  ['process where string(process.pid) == "1" or process.pid : 2', { 'process.pid': 2 }, { 'process.pid': 12 }],
  ['process where 3 <= process.args_count and "bash" == process.name', { 'process.args_count': 3 }, {}],
  ['process where process.exit_code != 0 and process.exit_code > -1', { 'process.exit_code': 1 }, { 'process.exit_code': -1 }],
  ['process where match(process.name, "k?sh", "[bd]ash")', {}, { 'process.name': 'zsh' }],
  ['process where event.action : "exec*" and host.os.type : ("linux", "macos") and not (process.name : "x" and user.id : "0")', {}, { 'process.name': 'X', 'user.id': '0' }],
];

const OTHERS: readonly [string, Fields, Fields][] = [
  ['network where event.action == "connection_attempted" and not cidrMatch(destination.ip, "10.0.0.0/8", "127.0.0.0/8", "::1", "FE80::/10")', {}, { 'destination.ip': 'fe80::1' }],
  ['network where destination.ip != null and destination.ip != "0.0.0.0" and not cidrmatch(destination.ip, "192.168.0.0/16")', {}, { 'destination.ip': '192.168.1.2' }],
  ['network where destination.port in (22, 4444) and process.name like "c*"', {}, { 'destination.port': '4444' }],
  ['network where destination.port > 1023 and destination.port <= 65535 and ?dns.question.name == null', {}, { 'destination.port': 1023 }],
  ['network where cidrMatch(destination.ip, "93.184.0.0/16") == true and cidrMatch(source.ip, "10.0.0.0/8") != true', {}, { 'source.ip': '10.1.1.1' }],
  ['any where event.category : ("network", "iam") and (user.id != null or process.name != null)', {}, { 'event.category': ['file'] }],
];

const CORPUS = [...FILES.map((each) => [FILE, ...each] as const), ...PROCESSES.map((each) => [EXEC, ...each] as const), ...OTHERS.map((each) => [NETWORK, ...each] as const), [{ ...LINUX, 'event.category': 'iam' }, 'iam where (event.type == "user" and event.type == "creation") and user.name != null', { 'event.type': ['user', 'creation'], 'user.name': 'eve' }, { 'event.type': ['user'], 'user.name': 'eve' }] as const, [{ ...LINUX, 'event.category': 'driver' }, 'driver where auditd.data.syscall in ("init_module", "finit_module")', { 'auditd.data.syscall': 'finit_module' }, { 'auditd.data.syscall': 'openat' }] as const];

test.each(CORPUS)('%# %2$s', (base, query, hit, miss) => {
  const matches = compileEql(parseEql(query), query);
  expect([matches({ ...base, ...hit }), matches({ ...base, ...miss })]).toEqual([true, false]);
  expect([matches(nested({ ...base, ...hit })), matches(nested({ ...base, ...miss }))]).toEqual([true, false]);
});

test('the corpus is of sixty queries at least', () => {
  expect(CORPUS.length).toBeGreaterThanOrEqual(60);
});

/** The same document with objects in objects. */
function nested(fields: Fields): object {
  const document: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const parts = name.split('.');
    const last = parts.pop() ?? '';
    const owner = parts.reduce<Record<string, unknown>>((inner, part) => (inner[part] ??= {}) as Record<string, unknown>, document);
    owner[last] = value;
  }
  return document;
}
