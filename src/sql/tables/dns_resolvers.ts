/** osquery's `dns_resolvers`: what the C library makes of /etc/resolv.conf (resolv.conf(5)). Of several search domains osquery repeats the first, and shows no IPv6 servers; here each is itself. */
import { hostname } from 'node:os';
import type { Row, Table } from '../../model/table.ts';
import { readWhole, wordsOf } from './lines.ts';
import { askedRoots } from './namespaces.ts';

/** RES_INIT, RES_RECURSE, RES_DEFNAMES and RES_DNSRCH of resolv.h: always set. */
const DEFAULT_OPTIONS = 0x2c1;
/** Bits of resolv.h by their words. */
const OPTIONS: Readonly<Record<string, number>> = {
  debug: 0x2, 'use-vc': 0x8, inet6: 0x2000, rotate: 0x4000, edns0: 0x100000, 'single-request': 0x200000, 'single-request-reopen': 0x400000, 'no-tld-query': 0x1000000, 'no-reload': 0x2000000, 'trust-ad': 0x4000000, 'no-aaaa': 0x8000000,
};
// MAXNS and MAXRESOLVSORT of resolv.h.
const MOST_SERVERS = 3;
const MOST_SORTED = 10;

export const dns_resolvers: Table = {
  name: 'dns_resolvers',
  description: 'Resolvers used by this host.',
  columns: [
    { name: 'id', type: 'INTEGER' },
    { name: 'type', type: 'TEXT' },
    { name: 'address', type: 'TEXT' },
    { name: 'netmask', type: 'TEXT' },
    { name: 'options', type: 'BIGINT' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    for (const { pid, path } of askedRoots(context)) for (const row of parseResolvConf(readWhole(context, path('/etc/resolv.conf'), { mayBeAbsent: true }) ?? '', hostname())) yield { ...row, pid_with_namespace: pid };
  },
};

/** Without a server the one on this machine is asked; without search or domain the domain of the host's name is searched. */
export function parseResolvConf(text: string, host: string): Row[] {
  const lines = text.split('\n').filter((line) => !/^[#;]/.test(line)).map(wordsOf);
  const valuesOf = (keyword: string): string[] => lines.filter(([word]) => word === keyword).flatMap(([, ...values]) => values);
  const options = valuesOf('options').reduce((bits, word) => bits | (OPTIONS[word] ?? 0), DEFAULT_OPTIONS);
  const servers = lines.filter(([word]) => word === 'nameserver').flatMap(([, address]) => address ?? []).slice(0, MOST_SERVERS);
  // Of several `search` and `domain` the last counts.
  const [keyword, ...domains] = lines.findLast(([word]) => word === 'search' || word === 'domain') ?? [];
  const ownDomain = host.includes('.') ? [host.slice(host.indexOf('.') + 1)] : [];
  const searched = keyword === undefined ? ownDomain : domains.slice(0, keyword === 'domain' ? 1 : domains.length);
  return [
    ...(servers.length === 0 ? ['127.0.0.1'] : servers).map((address, id) => ({ id, type: 'nameserver', address, netmask: '32', options })),
    ...valuesOf('sortlist').slice(0, MOST_SORTED).map((pair, id) => ({ id, type: 'sortlist', address: pair.split('/')[0], netmask: pair.split('/')[1] ?? '', options })),
    ...searched.map((address, id) => ({ id, type: 'search', address, options })),
  ];
}
