/** What an attack left that can be looked for elsewhere, and how a text or a name is compared with it. Pure. */
import { parseAddress, unmapped } from '../host/addresses.ts';
import { fingerprintOf, parseAuthorizedKey } from '../host/authorized-keys.ts';
import { factsOfUnit } from '../host/unit-facts.ts';
import { literally } from '../model/pattern.ts';

export interface Indicators {
  /** Names of units. */
  units: string[];
  paths: string[];
  /** sha256, small letters. */
  hashes: string[];
  /** Command lines, or parts of them. */
  commands: string[];
  /** IP addresses and names of hosts. */
  addresses: string[];
  /** `SHA256:…` of ssh keys. */
  keys: string[];
}

export const NO_INDICATORS: Indicators = { units: [], paths: [], hashes: [], commands: [], addresses: [], keys: [] };

/** Shorter ones are in everything. */
const LEAST = 4;

/** What is too short to mean anything, and what is no hash or no key, is left out and said. */
export function checked(given: Indicators): { indicators: Indicators; notes: string[] } {
  const notes: string[] = [];
  const keep = (what: string, all: readonly string[], isRight: (text: string) => boolean): string[] => [...new Set(all.map((text) => text.trim()))].filter((text) => {
    if (isRight(text)) return true;
    notes.push(`"${text}" is not looked for: it is no ${what} to go by`);
    return false;
  });
  return {
    indicators: {
      units: keep('name of a unit', given.units, (text) => /^[^/]+\.[a-z]+$/.test(text) && text.length >= LEAST),
      paths: keep('path', given.paths, (text) => text.startsWith('/') && text.length >= LEAST),
      hashes: keep('sha256', given.hashes.map((hash) => hash.toLowerCase()), (text) => /^[0-9a-f]{64}$/.test(text)),
      commands: keep('command', given.commands, (text) => text.length >= LEAST),
      addresses: keep('address', given.addresses, (text) => text.length >= LEAST && !/[\s/]/.test(text) && (!/^[\d.]+$|:/.test(text) || parseAddress(text) !== undefined)),
      keys: keep('key', given.keys.map(keyOf), (text) => /^SHA256:[A-Za-z0-9+/]{43}$/.test(text)),
    },
    notes,
  };
}

function keyOf(text: string): string {
  const key = parseAuthorizedKey(text)?.key ?? (/^AAAA\S+$/.test(text) ? text : undefined);
  return key === undefined ? text.replace(/=$/, '') : fingerprintOf(key);
}

/** Whether nothing at all is looked for. */
export function isEmpty(indicators: Indicators): boolean {
  return Object.values(indicators).every((all) => all.length === 0);
}

/** Programs and paths of the commands of a unit; those that are on every host say nothing. */
export function indicatorsOfUnit(content: Buffer): Pick<Indicators, 'commands' | 'paths' | 'addresses'> {
  const { commands } = factsOfUnit(content);
  const words = commands.flatMap((command) => command.split(/[\s'"`;|&()<>=]+/));
  return {
    commands: commands.filter((command) => command.includes(' ') && command.length > 12),
    paths: words.filter((word) => /^\/(?:tmp|var\/tmp|dev\/shm|home|root|opt|srv|run|usr\/local|var)\/./.test(word)),
    addresses: words.flatMap((word) => addressIn(word) ?? []),
  };
}

/** The host of a URL, or an address of IPv4; ours and everybody's are nobody's. */
function addressIn(word: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@\s]*@)?(\[[0-9a-f:.]+\]|[^/:?#\s]+)/i.exec(word)?.[1]?.replace(/^\[|\]$/g, '') ?? /\b\d{1,3}(?:\.\d{1,3}){3}\b/.exec(word)?.[0];
  return host === undefined || /^(?:127\.|0\.0\.0\.0$|::1?$|localhost$)/.test(host) ? undefined : host;
}

/** Each reason why a text is a trace, the shortest that say it. */
export function reasonsIn(text: string, { units, paths, commands, addresses, keys }: Indicators): string[] {
  const named = (what: string, all: readonly string[]): string[] => all.filter((each) => text.includes(each)).map((each) => `${what} ${each}`);
  return [...named('names the unit', units), ...named('names the path', paths), ...named('has the command', commands), ...addresses.filter((address) => hasAddress(text, address)).map((address) => `names the address ${address}`), ...keysIn(text, keys)];
}

/** `10.0.0.1` is no part of `110.0.0.12`, `evil.example` none of `evil.example.org`; a port may follow. */
function hasAddress(text: string, address: string): boolean {
  if (!text.includes(address)) return false;
  const [before, after] = address.includes(':') ? [String.raw`(?<![\w:])`, String.raw`(?![\w:])`] : [String.raw`(?<![\w.-])`, String.raw`(?![\w-]|\.\w)`];
  return new RegExp(`${before}${literally(address)}${after}`).test(text);
}

function keysIn(text: string, keys: readonly string[]): string[] {
  if (keys.length === 0 || !text.includes('AAAA')) return [];
  const found = new Set(text.split('\n').flatMap((line) => parseAuthorizedKey(line)?.fingerprint ?? []));
  return keys.filter((key) => found.has(key)).map((key) => `lets in the key ${key}`);
}

/** Whether two texts are one address, however it is written. */
export function sameAddress(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [parseAddress(one), parseAddress(other)];
  return a !== undefined && b !== undefined && unmapped(a).equals(unmapped(b));
}
