/** Whether what is sent to a peer is wrapped by IPsec (ip-xfrm(8)): nothing of that is to be seen of links and routes. Pure. */
import { IPPROTO_TCP, XFRM_POLICY_OUT } from '../host/kernel.ts';
import type { IpsecEnd, IpsecPolicy } from '../host/xfrm.ts';
import { holds, networkAround, overlap, type Network } from './networks.ts';
import type { Peer } from './peers.ts';

/** `local`: our address on the way there. Whether anybody of a network of peers is wrapped. */
export function isWrapped({ network, port }: Peer, local: Network, policies: readonly IpsecPolicy[]): boolean {
  const fitting = policies.filter(({ direction, family, protocol, source }) => direction === XFRM_POLICY_OUT && family === network.family && (protocol === 0 || protocol === IPPROTO_TCP) && holds(networkOf(source), local) && fits(source, port));
  for (const { destination, device, wraps } of fitting.toSorted((one, other) => one.priority - other.priority)) {
    const far = networkOf(destination);
    // Neither the peer's port nor the interface is known: one that wraps some may wrap this one, one that lets some pass need not let it.
    if (wraps && overlap(far, network)) return true;
    if (!wraps && destination.portMask === 0 && device === 0 && holds(far, network)) return false;
  }
  return false;
}

const networkOf = ({ address, prefix }: IpsecEnd): Network => networkAround(address, prefix);

const fits = (end: IpsecEnd, port: number): boolean => (port & end.portMask) === (end.port & end.portMask);
