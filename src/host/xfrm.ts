/** Messages of the kernel about policies of IPsec: include/uapi/linux/xfrm.h, struct xfrm_userpolicy_info. Pure; `netlink.ts` asks for them. */
import { formatAddress } from './addresses.ts';
import { AF_INET, AF_INET6, XFRM_POLICY_ALLOW, XFRMA_IF_ID, XFRMA_MARK, XFRMA_TMPL } from './kernel.ts';
import { parseAttributes, QUESTIONS } from './netlink-messages.ts';

/** Where the fields lie. Addresses, ports and their masks are in network order. */
const AT = { destination: 0, source: 16, destinationPort: 32, destinationPortMask: 34, sourcePort: 36, sourcePortMask: 38, family: 40, destinationBits: 42, sourceBits: 43, protocol: 44, device: 48, priority: 152, direction: 160, action: 161 } as const;

export interface IpsecEnd {
  address: string;
  /** Bits of the address that count. */
  prefix: number;
  port: number;
  /** Bits of the port that count; 0: any port. */
  portMask: number;
}

/** Which packets are wrapped, or are not although another policy says so. */
export interface IpsecPolicy {
  family: 4 | 6;
  source: IpsecEnd;
  destination: IpsecEnd;
  /** IPPROTO_ of ip(7); 0: any. */
  protocol: number;
  /** The interface that packets leave by; 0: any. */
  device: number;
  /** Of those that fit a packet the one with the lowest counts. */
  priority: number;
  /** XFRM_POLICY_: 0 in, 1 out, 2 forwarded. */
  direction: number;
  /** Whether it wraps packets: one that lets them pass as they are, or not at all, does not. */
  wraps: boolean;
}

/** Undefined for other families, and for packets of interfaces of IPsec's own: `xfrm` ones have an id, those of a `vti` a mark. Routes that lead there are seen to lead into a tunnel. */
export function parsePolicy(body: Buffer): IpsecPolicy | undefined {
  const { header } = QUESTIONS.policy;
  if (body.length < header) return undefined;
  const family = body.readUInt16LE(AT.family);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = parseAttributes(body.subarray(header));
  if ([XFRMA_IF_ID, XFRMA_MARK].some((type) => (attributes.get(type)?.readUInt32LE(0) ?? 0) !== 0)) return undefined;
  const length = family === AF_INET ? 4 : 16;
  const end = (address: number, bits: number, port: number, mask: number): IpsecEnd => ({ address: formatAddress(body.subarray(address, address + length)), prefix: body.readUInt8(bits), port: body.readUInt16BE(port), portMask: body.readUInt16BE(mask) });
  return {
    family: family === AF_INET ? 4 : 6,
    source: end(AT.source, AT.sourceBits, AT.sourcePort, AT.sourcePortMask),
    destination: end(AT.destination, AT.destinationBits, AT.destinationPort, AT.destinationPortMask),
    protocol: body.readUInt8(AT.protocol),
    device: body.readInt32LE(AT.device),
    priority: body.readUInt32LE(AT.priority),
    direction: body.readUInt8(AT.direction),
    wraps: body.readUInt8(AT.action) === XFRM_POLICY_ALLOW && (attributes.get(XFRMA_TMPL)?.length ?? 0) > 0,
  };
}
