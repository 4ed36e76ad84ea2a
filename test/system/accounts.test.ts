/** Accounts, keys and jobs of a real Debian: locked, revoked, taken out, as shadow, sshd, cron and at see it, and given back byte for byte. */
import { beforeAll, describe, expect, test } from 'vitest';
import { ACT_THERE, actingOn } from '../helpers/acting.ts';
import { boot, noBoot, prepareBase, type Booted } from '../helpers/booted.ts';

/** Users with keys, passwords and sshd for them. Names of users may not be odd, what is in their files may. */
const SETUP = `
systemctl start ssh
useradd -m -s /bin/bash alice; useradd -m -s /bin/bash mallory
usermod -aG sudo mallory; printf 'mallory ALL=(ALL) NOPASSWD: ALL\\n' > /etc/sudoers.d/mallory
printf 'alice:one-pass-word\\nmallory:another-one\\n' | chpasswd
chage -E 2031-05-06 -d 2026-01-02 mallory
mkdir /root/k; cd /root/k
ssh-keygen -q -t ed25519 -N '' -C 'mallory@evil' -f evil; ssh-keygen -q -t ed25519 -N '' -C 'alice@desk' -f good
for user in alice mallory; do install -d -m 700 -o $user -g $user /home/$user/.ssh; done
{ echo '# my keys'; cat good.pub; printf 'command="echo \\\\"a b\\\\"; true",no-pty '; cat evil.pub; printf '\\n\\377 not text \\n'; printf 'no line break at the end' | sed 's/^/# /'; } > /home/alice/.ssh/authorized_keys
cat evil.pub > /home/mallory/.ssh/authorized_keys
chown alice: /home/alice/.ssh/authorized_keys; chown mallory: /home/mallory/.ssh/authorized_keys
chmod 600 /home/*/.ssh/authorized_keys
touch -d '2020-02-02 02:02:02.123456789' /home/alice/.ssh/authorized_keys
`;

const login = (host: Booted, key: string, user: string): boolean => host.shell(`ssh -i /root/k/${key} -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes ${user}@127.0.0.1 true 2>/dev/null && echo in || echo out`).stdout.trim().endsWith('in');
/** All that there is to see of a file. */
const look = (host: Booted, ...paths: string[]): string => host.shell(`for f in ${paths.join(' ')}; do [ -e "$f" ] || { echo "$f is not there"; continue; }; stat -c '%n %f %u:%g %s %y' "$f"; sha256sum "$f"; lsattr -d "$f" 2>/dev/null || true; done`).stdout;

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, { timeout: 180_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('an account that is locked lets nobody in by password or key, has nothing running, and comes back field by field', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    expect(host.shell(SETUP).stderr).not.toContain('error');
    expect(login(host, 'evil', 'mallory')).toBe(true);
    host.shell('runuser -u mallory -- sh -c "trap \\"\\" TERM; (while :; do sleep 1000; done) & sleep 1000" </dev/null >/dev/null 2>&1 &');
    host.shell('until pgrep -u mallory sleep >/dev/null; do sleep 0.02; done');
    const before = host.run(['cat', '/etc/shadow']).stdout;
    const lock = actingOn(host, 'lock_account');

    const planned = lock.plan({ user: 'mallory', end_sessions: true, expire_password: true });
    expect(planned.plan).toMatchObject({ state: 'ready' });
    expect(planned.plan.notes.join('\n')).toMatch(/keys: SHA256:\S+ mallory@evil \(\/home\/mallory\/\.ssh\/authorized_keys\)/);
    expect(planned.plan.notes.join('\n')).toMatch(/groups: sudo/);
    expect(planned.plan.notes.join('\n')).toMatch(/\/etc\/sudoers\.d\/mallory:1: mallory ALL=\(ALL\) NOPASSWD: ALL/);
    expect(host.run(['cat', '/etc/shadow']).stdout).toBe(before);

    const locked = lock.apply({ user: 'mallory', end_sessions: true, expire_password: true });
    expect(locked.verdict).toEqual({ ok: true, text: 'mallory is locked and has nothing running' });
    expect(locked.changes?.map((change) => change.text)).toEqual(planned.plan.steps.map((step) => step.text));
    expect(JSON.stringify(locked)).not.toContain(before.match(/^mallory:([^:]+)/m)?.[1] ?? '-');
    expect(host.shell('ps -u mallory -o stat=,args= | grep -v ^Z || true').stdout).toBe('');
    expect(login(host, 'evil', 'mallory')).toBe(false);
    expect(host.run(['getent', 'shadow', 'mallory']).stdout).toMatch(/^mallory:!\$[^:]+:0:0:99999:7::1:$/m);
    expect(lock.plan({ user: 'mallory', expire_password: true }).plan).toMatchObject({ state: 'nothing-to-do', reason: 'mallory is locked already' });

    expect(lock.undo()).toEqual({ done: ['mallory is as it was before'], already: [], failed: [] });
    expect(host.run(['cat', '/etc/shadow']).stdout).toBe(before);
    expect(login(host, 'evil', 'mallory')).toBe(true);
    expect(lock.undo()).toMatchObject({ done: [], failed: [] });

    const unlock = actingOn(host, 'unlock_account');
    expect(unlock.plan({ user: 'mallory' }).plan.state).toBe('nothing-to-do');
    lock.apply({ user: 'mallory' });
    const shut = host.run(['cat', '/etc/shadow']).stdout;
    expect(unlock.apply({ user: 'mallory' }).verdict?.ok).toBe(true);
    expect(host.run(['cat', '/etc/shadow']).stdout).toBe(before);
    expect(unlock.undo().failed).toEqual([]);
    expect(host.run(['cat', '/etc/shadow']).stdout).toBe(shut);
  });

  test('what an account was before its lock is not what it was before an earlier one, and is kept as long as that lasts', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(SETUP);
    const [lock, unlock] = [actingOn(host, 'lock_account'), actingOn(host, 'unlock_account')];
    const shadow = (): string => host.run(['getent', 'shadow', 'mallory']).stdout;
    lock.apply({ user: 'mallory' });
    // By hand, with another end.
    host.shell('usermod --unlock --expiredate 2030-01-01 mallory');
    const byHand = shadow();
    lock.apply({ user: 'mallory' });
    expect(unlock.apply({ user: 'mallory' }).verdict?.ok).toBe(true);
    expect(shadow()).toBe(byHand);
    // Locked already by who has the host in their care: so it stays, when the second of two locks is undone and the first is opened.
    host.shell('usermod --lock mallory; rm /run/tickward-act/*.ndjson');
    const theirs = shadow();
    lock.apply({ user: 'mallory' });
    host.shell('rm /run/tickward-act/*.ndjson');
    lock.apply({ user: 'mallory', expire_password: true });
    expect(lock.undo()).toMatchObject({ done: ['mallory is as it was before'], failed: [] });
    expect(unlock.apply({ user: 'mallory' }).verdict?.ok).toBe(true);
    expect(shadow()).toBe(theirs);
  });

  test('nobody is locked out or let in by accident', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`${SETUP}
passwd -d alice >/dev/null; useradd -m 'dollar$'; useradd nobodys
usermod -p '!' nobodys`);
    const [lock, unlock] = [actingOn(host, 'lock_account'), actingOn(host, 'unlock_account')];
    expect(lock.plan({ user: 'root' }).plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('root') });
    expect(lock.plan({ user: 'root', force: true }).plan.state).toBe('ready');
    host.shell('useradd -o -u 0 toor; useradd -o -u "$(id -u mallory)" twin');
    for (const user of ['root', 'toor']) expect(lock.plan({ user, force: true, end_sessions: true }).plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('none of that is ended') });
    expect(lock.plan({ user: 'mallory' }).plan.notes.join('\n')).toMatch(/^twin has the same number \(uid \d+\) and can still log in as the same user: lock that too/m);
    expect(lock.plan({ user: 'alice' }).plan.notes.join('\n')).not.toContain('the same number');
    expect(lock.plan({ user: 'mallory' }, { uid: 1001 }).plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('run as root') });
    expect(lock.plan({ user: '$(touch /run/owned)' }).plan).toMatchObject({ state: 'blocked', reason: 'there is no account $(touch /run/owned)' });
    expect(lock.plan({ user: '--help' }).plan.state).toBe('blocked');
    // As sudo would say that alice called us.
    const asked = host.run(['env', 'SUDO_USER=alice', ...ACT_THERE, 'plan', 'lock_account', '{"user":"alice"}']);
    expect(JSON.parse(asked.stdout)).toMatchObject({ plan: { state: 'blocked', reason: expect.stringContaining('this response is run from') } });

    expect(lock.apply({ user: 'dollar$' }).verdict?.ok).toBe(true);
    expect(lock.undo().failed).toEqual([]);
    expect(host.shell('ls /run/owned 2>/dev/null || true').stdout).toBe('');
    expect(unlock.plan({ user: 'nobodys' }).plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('no password') });
    lock.apply({ user: 'nobodys' });
    expect(unlock.plan({ user: 'nobodys' }).plan.steps).toMatchObject([{ text: "leave the password of nobodys locked, as it was, and let the account not end (usermod --expiredate '')" }]);
    lock.undo();
    const empty = lock.apply({ user: 'alice' });
    expect(empty.plan.notes.join()).toContain('empty password');
    expect(lock.undo().failed.join()).toContain('it was empty');
    expect(host.run(['getent', 'shadow', 'alice']).stdout).toMatch(/^alice:!:\d+:0:99999:7:::$/m);
  });

  test('a key is revoked from every file of sshd, the rest of each stays byte for byte, and the undo gives it back exactly', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`${SETUP}
mkdir /etc/ssh/keys; cp k/evil.pub /etc/ssh/keys/mallory 2>/dev/null || cp /root/k/evil.pub /etc/ssh/keys/mallory
printf 'Match User mallory\\n  AuthorizedKeysFile /etc/ssh/keys/%%u\\n' > /etc/ssh/sshd_config.d/x.conf; systemctl reload ssh
chattr +i /home/alice/.ssh/authorized_keys 2>/dev/null || true`);
    const files = ['/home/alice/.ssh/authorized_keys', '/home/mallory/.ssh/authorized_keys', '/etc/ssh/keys/mallory'];
    const before = look(host, ...files);
    expect([login(host, 'evil', 'alice'), login(host, 'evil', 'mallory'), login(host, 'good', 'alice')]).toEqual([true, true, true]);
    const fingerprint = host.shell('ssh-keygen -lf /root/k/evil.pub').stdout.split(' ')[1] ?? '';
    const revoke = actingOn(host, 'revoke_ssh_key');

    const planned = revoke.plan({ fingerprint });
    expect(planned.plan.steps.filter((step) => step.text.startsWith('take the key')).map((step) => step.target)).toEqual(files.toSorted((one, other) => (one.includes('alice') ? -1 : other.includes('alice') ? 1 : one.startsWith('/home') ? -1 : 1)));
    expect(look(host, ...files)).toBe(before);
    const done = revoke.apply({ fingerprint });
    expect(done.verdict).toEqual({ ok: true, text: 'no file that could be read lets the key in' });
    expect(done.changes?.map((change) => change.text)).toEqual(planned.plan.steps.map((step) => step.text));
    expect([login(host, 'evil', 'alice'), login(host, 'evil', 'mallory'), login(host, 'good', 'alice')]).toEqual([false, false, true]);
    const left = Buffer.from(host.run(['base64', '-w0', '/home/alice/.ssh/authorized_keys']).stdout, 'base64').toString('latin1');
    expect(left).toBe(`# my keys\n${host.run(['cat', '/root/k/good.pub']).stdout}\n\xff not text \n# no line break at the end`);
    expect(revoke.plan({ fingerprint }).plan.state).toBe('nothing-to-do');

    expect(revoke.undo()).toMatchObject({ done: expect.arrayContaining(files.map((file) => `gave back ${file}`)), failed: [] });
    expect(look(host, ...files)).toBe(before);
    expect(login(host, 'evil', 'alice')).toBe(true);
    expect(revoke.undo()).toMatchObject({ done: [], failed: [] });
    expect(revoke.apply({ comment: 'mallory@evil', user: 'alice' }).verdict?.ok).toBe(true);
    expect([login(host, 'evil', 'alice'), login(host, 'evil', 'mallory')]).toEqual([false, true]);
  });

  test('the key of who responds is known by the journal, and is kept without force', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(SETUP);
    expect(host.shell('install -d -m 700 /root/.ssh; cp /root/k/good.pub /root/.ssh/authorized_keys; cat /root/k/evil.pub >> /root/.ssh/authorized_keys').status).toBe(0);
    const overSsh = (params: object): { plan: { state: string; reason?: string } } => {
      const { stdout, stderr } = host.run(['ssh', '-i', '/root/k/good', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', 'root@127.0.0.1', `${ACT_THERE.join(' ')} plan revoke_ssh_key '${JSON.stringify(params)}'`]);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as { plan: { state: string; reason?: string } };
    };
    host.shell('journalctl --sync');
    expect(overSsh({ comment: 'alice@desk' }).plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('logged in with the key SHA256:') });
    expect(overSsh({ comment: 'alice@desk', force: true }).plan.state).toBe('ready');
    expect(overSsh({ comment: 'mallory@evil' }).plan.state).toBe('ready');
  });

  test('one line leaves a table of cron, one job leaves at, and both come back as they were', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`useradd -m mallory; systemctl start cron atd
printf '# a table\\nSHELL=/bin/sh\\n17 * * * * root echo "$(id)" %% done\\n* * * * * root touch /run/owned; #\\n* * * * * root /tmp/.x/run' > /etc/cron.d/updater
touch -d '2021-01-01 01:01:01.111222333' /etc/cron.d/updater
printf '*/5 * * * * /tmp/.x/run --quiet\\n@daily true\\n' | crontab -u mallory -
echo 'touch /run/at-ran' | at -q b now + 3 hours 2>/dev/null`);
    const files = ['/etc/crontab', '/etc/cron.d/updater', '/var/spool/cron/crontabs/mallory'];
    const [before, original] = [look(host, ...files), host.run(['base64', '-w0', '/etc/cron.d/updater']).stdout];
    const cron = actingOn(host, 'remove_cron_entry');
    expect(cron.plan({ path: '/etc/cron.d/updater', number: 1 }).plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('runs nothing') });
    expect(cron.plan({ path: '/etc/passwd', number: 1 }).plan).toMatchObject({ state: 'blocked', reason: '/etc/passwd is no table of cron' });
    expect(cron.plan({ path: '/etc/crontab', number: 8 }).plan.notes.join()).toMatch(/^(?:$|.*the package cron)/);
    const done = cron.apply({ line: '* * * * * root touch /run/owned; #' });
    expect(done.verdict).toEqual({ ok: true, text: 'the line is out of /etc/cron.d/updater' });
    expect(Buffer.from(host.run(['base64', '-w0', '/etc/cron.d/updater']).stdout, 'base64').toString()).toBe(Buffer.from(original, 'base64').toString().replace('* * * * * root touch /run/owned; #\n', ''));
    expect(cron.apply({ path: '/var/spool/cron/crontabs/mallory', number: 4, line: '*/5 * * * * /tmp/.x/run --quiet' }).verdict?.ok).toBe(true);
    expect(host.run(['crontab', '-u', 'mallory', '-l']).stdout).toBe('@daily true\n');
    const job = Number(/^\d+/.exec(host.run(['atq']).stdout)?.[0]);
    const jobs = host.shell('stat -c "%n %f %u:%g %s %y" /var/spool/cron/atjobs/b*; sha256sum /var/spool/cron/atjobs/b*').stdout;
    expect(cron.apply({ job }).verdict).toEqual({ ok: true, text: `job ${job} is gone` });
    expect(host.run(['atq']).stdout).toBe('');
    expect(cron.plan({ job }).plan.state).toBe('nothing-to-do');

    expect(cron.undo()).toMatchObject({ failed: [] });
    expect(look(host, ...files)).toBe(before);
    expect(host.shell('stat -c "%n %f %u:%g %s %y" /var/spool/cron/atjobs/b*; sha256sum /var/spool/cron/atjobs/b*').stdout).toBe(jobs);
    expect(host.run(['atq']).stdout).toMatch(new RegExp(`^${job}\\s`));
    expect(cron.undo()).toMatchObject({ done: [], failed: [] });
    host.shell('printf "\\n# somebody else\\n" >> /etc/cron.d/updater; ln -s /etc/passwd /etc/cron.d/link');
    expect(cron.plan({ line: '* * * * * root /tmp/.x/run' }).plan).toMatchObject({ state: 'ready', notes: expect.arrayContaining([expect.stringContaining('symbolic link')]) });
    host.shell('rm /etc/cron.d/link /run/tickward-act/*.ndjson');
    expect(cron.apply({ line: '* * * * * root /tmp/.x/run' }).verdict?.ok).toBe(true);
    host.shell('echo "# and somebody else" >> /etc/cron.d/updater');
    expect(cron.undo()).toMatchObject({ done: [], failed: [expect.stringContaining('/etc/cron.d/updater is not given back: it was changed since')] });
  });
});
