/** How an isolation in force is not the one that is asked for. Pure. */
import type { InForce, Isolation } from './isolation.ts';
import { holds, networkText, type Network } from './networks.ts';
import { peerText, type Peer } from './peers.ts';

/** In words; empty where the host is cut off as asked, for as long at least. */
export function differencesOf({ peers, dns, dhcp, seconds }: Isolation, now: InForce): string[] {
  const list = <Each>(of: readonly Each[], text: (each: Each) => string, said: (names: string) => string): string[] => (of.length === 0 ? [] : [said(of.map(text).join(', '))]);
  return [
    ...list(beyond(peers, now.peers, letsIn), peerText, (names) => `it does not let ${names} through`),
    ...list(beyond(now.peers, peers, letsIn), peerText, (names) => `it also lets ${names} through`),
    ...list(beyond(dns, now.dns, holds), networkText, (names) => `names may not be asked of ${names}`),
    ...list(beyond(now.dns, dns, holds), networkText, (names) => `names may also be asked of ${names}`),
    ...(dhcp === now.dhcp ? [] : [now.dhcp ? 'DHCP goes on' : 'DHCP does not go on']),
    ...(now.expires === undefined || !endsSooner(seconds, now) ? [] : [`it ends by itself in ${now.expires} s (isolate --confirm keeps it)`]),
  ];
}

function letsIn(outer: Peer, inner: Peer): boolean {
  return outer.port === inner.port && holds(outer.network, inner.network);
}

/** Those that none of the others holds. */
function beyond<Each extends Peer | Network>(these: readonly Each[], others: readonly Each[], holdsIt: (outer: Each, inner: Each) => boolean): Each[] {
  return these.filter((each) => !others.some((other) => holdsIt(other, each)));
}

/** By the time that it was given, not by what is left of it: asked for again it is the same. */
function endsSooner(seconds: number, { lasts }: InForce): boolean {
  return seconds === 0 || (lasts !== undefined && lasts < seconds);
}
