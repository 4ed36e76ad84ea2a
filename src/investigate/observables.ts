/** Strings of interest in what a unit runs: URLs, domains, addresses, encoded text, and ways of fetching and connecting. Pure; every pattern is bounded, because an attacker wrote the text. */

export type ObservableKind = 'url' | 'domain' | 'address' | 'decoded';

export interface Observable {
  kind: ObservableKind;
  /** As it stands in the text. */
  value: string;
}

const URL_PATTERN = /\b(?:https?|ftps?|tftp|wss?|ldaps?|sftp|ssh|rsync|git):\/\/[^\s"'`<>\\(){}|^]{1,2000}/gi;
const IPV4 = /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])/g;
const IPV6 = /(?<![\w:.])(?:[0-9a-f]{1,4}:){2,7}(?::|[0-9a-f]{1,4})(?::?[0-9a-f]{1,4}){0,6}(?![\w:])/gi;
/** bash(1), Redirection. */
const DEV_TCP = /\/dev\/(?:tcp|udp)\/([\w.:-]{1,253})\/(\d{1,5})/g;
/** The word behind these is a host. */
const CONNECTS = /\b(?:nc|ncat|netcat|socat|telnet|ssh|scp|sftp|curl|wget|ping|openssl s_client -connect)[ \t]+(?:-[\w-]{1,20}[ \t]+(?:\d{1,6}[ \t]+)?){0,6}((?:[\w.+-]{1,64}@)?[a-z0-9](?:[a-z0-9-]{0,62}\.){1,8}[a-z][a-z0-9-]{1,62})/gi;
/** Domains without anything around them that tells: of registries in which file names do not end. */
const BARE_DOMAIN = /(?<![\w./@-])(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,6}(?:com|net|org|info|biz|ru|cn|su|top|xyz|club|online|site|icu|cc|tk|ml|ga|cf|gq|pw|ws|onion|duckdns\.org|ngrok\.io|io|dev|app)(?![\w-]|\.\w)/gi;
const BASE64 = /(?<![\w+/=])[A-Za-z0-9+/]{24,8192}={0,2}(?![\w+/=])/g;
const MOST = 200;
const MOST_DECODED = 20;

/** Each once, in the order in which they appear; encoded texts are decoded once and looked into as well. */
export function observablesOf(text: string): Observable[] {
  const found = new Map<string, Observable>();
  const add = (kind: ObservableKind, value: string): void => {
    if (found.size < MOST) found.set(`${kind} ${value}`, { kind, value });
  };
  collect(text, add);
  for (const decoded of decodedFrom(text)) {
    add('decoded', decoded);
    collect(decoded, add);
  }
  return [...found.values()];
}

function collect(text: string, add: (kind: ObservableKind, value: string) => void): void {
  for (const [url] of text.matchAll(URL_PATTERN)) {
    add('url', url.replace(/[.,;:!?]+$/, ''));
    addHost(hostOf(url), add);
  }
  for (const [, host = ''] of text.matchAll(DEV_TCP)) addHost(host, add);
  for (const [, host = ''] of text.matchAll(CONNECTS)) addHost(host.slice(host.indexOf('@') + 1), add);
  for (const [address] of text.matchAll(IPV4)) addHost(address, add);
  for (const [address] of text.matchAll(IPV6)) addHost(address, add);
  for (const [domain] of text.matchAll(BARE_DOMAIN)) addHost(domain, add);
}

function hostOf(url: string): string {
  const authority = url.slice(url.indexOf('://') + 3).split(/[/?#]/, 1)[0] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : (host.split(':', 1)[0] ?? '');
}

/** Of this machine, or of none: says nothing about anyone else. */
const LOCAL = /^(?:127\.|0\.0\.0\.0$|255\.255\.255\.255$|::1?$|localhost$|fe80:)/i;

function addHost(host: string, add: (kind: ObservableKind, value: string) => void): void {
  const plain = host.replace(/\.$/, '').toLowerCase();
  if (plain === '' || LOCAL.test(plain) || plain.includes('$')) return;
  if (/^[\d.]+$/.test(plain)) {
    if (/^\d+\.\d+\.\d+\.\d+$/.test(plain)) add('address', plain);
  } else if (/^[0-9a-f:]+$/.test(plain) && plain.includes(':')) {
    // A time of day has colons too.
    if (plain.includes('::') || plain.split(':').length === 8) add('address', plain);
  } else if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(plain)) add('domain', plain);
}

function decodedFrom(text: string): string[] {
  const decoded: string[] = [];
  for (const [encoded] of text.matchAll(BASE64)) {
    if (decoded.length >= MOST_DECODED) break;
    // A path or a hash reads like base64 too: only what gives readable text counts.
    if (/^[0-9a-f]+$/i.test(encoded)) continue;
    const plain = Buffer.from(encoded, 'base64').toString('latin1');
    if (/^[\t\r\n\x20-\x7e]{12,}$/.test(plain)) decoded.push(plain);
  }
  return decoded;
}

export interface Technique {
  id: string;
  weight: 'strong' | 'weak';
  text: string;
}

const TECHNIQUES: readonly (Technique & { pattern: RegExp })[] = [
  { id: 'downloads-and-runs', weight: 'strong', text: 'fetches something from the network and runs it', pattern: /\b(?:curl|wget|fetch)\b[^;&\n]{0,500}?\|\s{0,20}(?:sudo\s{1,20}(?:-\S{1,20}\s{1,20}){0,4})?(?:\S{0,40}\/)?(?:(?:ba|da|z|k|a)?sh|python[\d.]{0,5}|perl|ruby|php|node)\b/ },
  { id: 'downloads-and-runs', weight: 'strong', text: 'fetches something from the network and runs it', pattern: /(?:\b(?:(?:ba|da|z|k|a)?sh|eval|source|python[\d.]{0,5}|perl|exec)\b|(?:^|[;&|\s])\.)[^;&|\n]{0,100}?(?:\$\(|`|<\()\s{0,20}(?:curl|wget|fetch)\b/ },
  { id: 'decodes-and-runs', weight: 'strong', text: 'decodes a text and runs it', pattern: /\b(?:base64|base32|openssl|xxd|gunzip|zcat)\b[^;&\n]{0,500}?\|\s{0,20}(?:sudo\s{1,20})?(?:\S{0,40}\/)?(?:(?:ba|da|z|k|a)?sh|python[\d.]{0,5}|perl|eval)\b/ },
  { id: 'decodes-and-runs', weight: 'strong', text: 'decodes a text and runs it', pattern: /\b(?:(?:ba|da|z|k|a)?sh|eval|source|exec)\b[^;&\n]{0,60}?(?:\$\(|`|<\()[^)`\n]{0,120}?\bbase64\b/ },
  { id: 'reverse-shell', weight: 'strong', text: 'connects a shell to the network', pattern: /\/dev\/(?:tcp|udp)\/|\b(?:nc|ncat|netcat)\b[^;&|\n]{0,200}\s-[a-z]{0,6}[ec]\b|\bsocat\b[^\n]{0,300}\b(?:exec|system):|\bpty\.spawn\(|\bmkfifo\b[^\n]{0,300}\b(?:nc|ncat|telnet|openssl)\b/i },
  { id: 'hides-traces', weight: 'weak', text: 'takes traces away', pattern: /\bhistory\s{1,20}-c\b|\bHISTFILE=\/dev\/null\b|\bunset\s{1,20}HISTFILE\b|\bshred\b[^\n]{0,200}\/var\/log|\brm\b[^\n;&|]{0,200}\/var\/log\/|\bchattr\s{1,20}\+i\b|\btouch\s{1,20}-[a-z]{0,4}[rd]\b/ },
  { id: 'persists', weight: 'weak', text: 'makes itself come back in other ways', pattern: /\bcrontab\s{1,20}-(?!l\b)|>>?\s{0,20}\S{0,200}\/\.ssh\/authorized_keys|\/etc\/ld\.so\.preload|\/etc\/cron\.d\/|\bsystemctl\b[^\n;&|]{0,100}\benable\b|\b(?:useradd|adduser)\b/ },
  { id: 'mines', weight: 'strong', text: 'names a program that mines coins', pattern: /\b(?:xmrig|minerd|stratum\+tcp|cpuminer|kinsing|kdevtmpfsi)\b/i },
];

/** Ways of working that hardly any honest timer has, each once. */
export function techniquesIn(text: string): Technique[] {
  const found = new Map<string, Technique>();
  for (const { pattern, ...technique } of TECHNIQUES) if (!found.has(technique.id) && pattern.test(text)) found.set(technique.id, technique);
  return [...found.values()];
}

/** Runs of printable ASCII in a binary, as strings(1) finds them, at most so many characters of them in all. */
export function printableRuns(bytes: Buffer, least = 8, most = 512 * 1024): string {
  const runs: string[] = [];
  let left = most;
  for (const [run] of bytes.toString('latin1').matchAll(new RegExp(`[\\x20-\\x7e\\t]{${least},4096}`, 'g'))) {
    runs.push(run);
    left -= run.length;
    if (left <= 0) break;
  }
  return runs.join('\n');
}
