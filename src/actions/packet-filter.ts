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
  /** Of one that is there and gave no answer: what it has in force is not known. */
  silent?: TickwardError;
}

/** Throws UNSUPPORTED where there is none. */
export async function packetFilter(): Promise<Found> {
  const reasons: string[] = [];
  let silent: TickwardError | undefined;
  for (const create of FILTERS) {
    const filter = create();
    try {
      return { filter, now: await filter.inForce(), ...(silent === undefined ? {} : { silent }) };
    } catch (error) {
      if (error instanceof TickwardError && error.code === 'TIMEOUT') silent ??= error;
      reasons.push(messageOf(error));
    }
  }
  throw new TickwardError('UNSUPPORTED', `no packet filter works here: ${reasons.join('; ')}`, { hint: 'apt-get install nftables, or isolate the host from outside (switch, hypervisor)' });
}

/** For whoever goes by what is in force: that nothing is must not be said for one that gave no answer. */
export async function isolationNow(): Promise<Found> {
  const found = await packetFilter();
  if (found.now === undefined && found.silent !== undefined) throw found.silent;
  return found;
}
