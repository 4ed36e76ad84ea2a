/** Addresses of an attacker made safe to show: what is copied or clicked by mistake leads nowhere. */

/** `http://` reads `hxxp://`, the last dot of a host or an IPv4 address `[.]`, the last colon of an IPv6 address `[:]`. For a URL, a domain, an address, or a text with such in it. */
export function defang(text: string): string {
  if (/^[\w-]+(?:\.[\w-]+)+\.?$/.test(text)) return withoutLast(text, '.');
  if (/^(?=[^:]*:[^:]*:)[0-9a-f:.]+$/i.test(text)) return withoutLast(text, ':');
  return text
    .replace(/\b(h)tt(ps?:\/\/)/gi, '$1xx$2')
    .replace(/\bf(t?)(ps?:\/\/)/gi, 'fx$2')
    .replace(/(:\/\/)([^\s/'"]+)/g, (_, slashes: string, authority: string) => slashes + withoutLast(authority, '.'))
    .replace(/(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])/g, (address) => withoutLast(address, '.'));
}

/** The last such sign is put in brackets, once. */
function withoutLast(host: string, sign: '.' | ':'): string {
  const at = host.lastIndexOf(sign);
  return at < 0 || host[at - 1] === '[' ? host : `${host.slice(0, at)}[${sign}]${host.slice(at + 1)}`;
}
