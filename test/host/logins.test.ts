/** Readers of what lets someone in: shadow, authorized_keys, sudoers. */
import { expect, test } from 'vitest';
import { parseAuthorizedKey } from '../../src/host/authorized-keys.ts';
import { parseShadow } from '../../src/host/shadow.ts';
import { linesFor } from '../../src/host/sudoers.ts';
import { EVIL_KEY as KEY } from '../helpers/ssh-keys.ts';

test.each([
  ['a:$y$j9T$x:20000:0:99999:7:::', { locked: false, password: 'hash', lastChange: '20000', expires: '' }],
  ['a:!$y$j9T$x:20000:0:99999:7::1:', { locked: true, password: 'hash', lastChange: '20000', expires: '1' }],
  ['a:*:20000:0:99999:7:::', { locked: false, password: 'none', lastChange: '20000', expires: '' }],
  ['a:!*:20000::::::', { locked: true, password: 'none', lastChange: '20000', expires: '' }],
  ['a:!:20000::::::', { locked: true, password: 'empty', lastChange: '20000', expires: '' }],
  ['a::0:0:99999:7::20500:', { locked: false, password: 'empty', lastChange: '0', expires: '20500' }],
  ['a:abJnggxhB/yWI:::::::', { locked: false, password: 'hash', lastChange: '', expires: '' }],
  ['a', undefined],
])('shadow: %s', (line, expected) => {
  expect(parseShadow(`aa:x:1::::::\n${line}\na:later:2::::::\n`.replace('a:later', line === 'a' ? 'b:later' : 'a:later'), 'a')).toEqual(expected);
});

test.each([
  [`ssh-ed25519 ${KEY} a comment with  blanks`, { options: '', algorithm: 'ssh-ed25519', comment: 'a comment with  blanks' }],
  [`  from="10.0.0.0/8,::1",command="echo \\"ssh-rsa x\\" #",no-pty\tssh-ed25519 ${KEY}`, { options: 'from="10.0.0.0/8,::1",command="echo \\"ssh-rsa x\\" #",no-pty', algorithm: 'ssh-ed25519', comment: '' }],
  [`cert-authority sk-ssh-ed25519@openssh.com ${KEY} x\r`, { options: 'cert-authority', algorithm: 'sk-ssh-ed25519@openssh.com', comment: 'x' }],
])('authorized_keys: %s', (line, expected) => {
  expect(parseAuthorizedKey(line)).toMatchObject({ ...expected, key: KEY });
});

test.each(['', '# ssh-ed25519 AAAA', 'ssh-ed25519', 'nonsense AAAA', 'command="unended ssh-ed25519 AAAA'])('authorized_keys: "%s" lets nobody in', (line) => {
  expect(parseAuthorizedKey(line)).toBeUndefined();
});

test('a fingerprint is what ssh-keygen -l says of the key', () => {
  expect(parseAuthorizedKey('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtESXRwOtTaZINOQovNyDsqnrE3QiV/a06Xobj1ZTwN')?.fingerprint).toBe('SHA256:pHLXVdB32SRNOn0xudExWYowMkO7lAjC1EFteZAKJ64');
});

test('sudoers: lines of the user, its number, its groups, and aliases in which it stands', () => {
  const text = `# mallory is no line
Defaults env_reset
User_Alias ADMINS = alice, %wheel
root ALL=(ALL:ALL) ALL
mallory ALL=(ALL) NOPASSWD: ALL
%sudo ALL = ALL
ADMINS ALL = /usr/bin/a, \\
  /usr/bin/b
#1001 ALL=/bin/true
bob,mallory ALL=/bin/false
malloryx ALL=ALL
`;
  expect(linesFor(text, { name: 'mallory', uid: 1001 }, ['sudo']).map(({ line }) => line)).toEqual([5, 6, 9, 10]);
  expect(linesFor(text, { name: 'carol', uid: 5 }, ['wheel']).map(({ text: line }) => line)).toEqual(['ADMINS ALL = /usr/bin/a,    /usr/bin/b']);
});

test.each([
  ['ssh-rsa AAAA', { algorithm: 'ssh-rsa', key: 'AAAA', options: '', comment: '' }],
  ['  from="10.0.0.1 , x",restrict  ecdsa-sha2-nistp256   AAAA  a b ', { algorithm: 'ecdsa-sha2-nistp256', key: 'AAAA', options: 'from="10.0.0.1 , x",restrict', comment: 'a b' }],
  ['ssh-rsa-cert-v01@openssh.com AAAA', { algorithm: 'ssh-rsa-cert-v01@openssh.com', key: 'AAAA', options: '', comment: '' }],
  ['ssh-rsa', undefined],
  ['#ssh-rsa AAAA', undefined],
  ['"unclosed ssh-rsa AAAA', undefined],
])('the authorized key %j', (line, wanted) => {
  const found = parseAuthorizedKey(line);
  expect(found && { algorithm: found.algorithm, key: found.key, options: found.options, comment: found.comment }).toEqual(wanted);
});
