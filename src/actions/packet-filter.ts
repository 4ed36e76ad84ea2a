/** Which packet filter isolates this host, and whether it does so now. */
import { messageOf, TickwardError } from '../model/errors.ts';
import type { InForce, PacketFilter } from './isolation.ts';
import { iptables } from './isolation-iptables.ts';
import { nftables } from './isolation-nft.ts';

/** The first that answers is taken. `iptables` is what the host itself uses; the older tables may work where nf_tables is not built in. */
const FILTERS: readonly (() => PacketFilter)[] = [nftables, () => iptables(''), () => iptables('-legacy')];

export interface Found {
  filter: PacketFilter;
  /** Undefined where the host is not isolated. */
  now: InForce | undefined;
}

/** Throws UNSUPPORTED where there is none. */
export async function packetFilter(): Promise<Found> {
  const reasons: string[] = [];
  for (const create of FILTERS) {
    const filter = create();
    try {
      return { filter, now: await filter.inForce() };
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new TickwardError('UNSUPPORTED', `no packet filter works here: ${reasons.join('; ')}`, { hint: 'apt-get install nftables, or isolate the host from outside (switch, hypervisor)' });
}
