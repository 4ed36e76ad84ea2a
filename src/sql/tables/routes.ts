/** osquery's `routes`: the kernel's routes of all tables, IPv4 and IPv6, by rtnetlink(7). */
import { AF_INET6, RTN_ANYCAST, RTN_BROADCAST, RTN_LOCAL, RTN_UNICAST } from '../../host/kernel.ts';
import { readLinks, readRoutes } from '../../host/netlink.ts';
import type { Route } from '../../host/rtnetlink.ts';
import { messageOf } from '../../model/errors.ts';
import type { Row, Table } from '../../model/table.ts';

/** osquery calls all that is unicast a gateway. */
const TYPES = new Map([[RTN_UNICAST, 'gateway'], [RTN_LOCAL, 'local'], [RTN_BROADCAST, 'broadcast'], [RTN_ANYCAST, 'anycast']]);

export const routes: Table = {
  name: 'routes',
  description: 'The active route table for the host system.',
  columns: [
    { name: 'destination', type: 'TEXT' },
    { name: 'netmask', type: 'INTEGER' },
    { name: 'gateway', type: 'TEXT' },
    { name: 'source', type: 'TEXT' },
    { name: 'flags', type: 'INTEGER' },
    { name: 'interface', type: 'TEXT' },
    { name: 'mtu', type: 'INTEGER' },
    { name: 'metric', type: 'INTEGER' },
    { name: 'type', type: 'TEXT', additional: true },
    { name: 'hopcount', type: 'INTEGER' },
  ],
  *generate(context) {
    try {
      const names = new Map(readLinks().map((link) => [link.index, link.name] as const));
      for (const route of readRoutes()) yield rowOf(route, route.index === undefined ? undefined : names.get(route.index));
    } catch (error) {
      context.warn(`routes cannot be asked for: ${messageOf(error)}`);
    }
  },
};

export function rowOf(route: Route, name: string | undefined): Row {
  // osquery gives no bits for what it takes for a single host: 32 and 128, of either family.
  const single = route.destination !== undefined && (route.prefix === 32 || route.prefix === 128);
  return {
    destination: route.destination ?? (route.family === AF_INET6 ? '::' : '0.0.0.0'),
    netmask: single ? 0 : route.prefix,
    gateway: route.gateway,
    source: route.source,
    flags: route.flags,
    interface: name,
    mtu: route.mtu,
    metric: route.metric,
    type: TYPES.get(route.type) ?? 'other',
    hopcount: route.hopLimit,
  };
}
