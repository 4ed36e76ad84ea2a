/** Messages of the kernel about links, addresses and routes: rtnetlink(7). Pure; `netlink.ts` asks for them. */
import { formatAddress, maskOf } from './addresses.ts';
import { IFA_ADDRESS, IFA_BROADCAST, IFA_LOCAL, IFF_BROADCAST, IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, RTAX_HOPLIMIT, RTAX_MTU, RTA_DST, RTA_GATEWAY, RTA_METRICS, RTA_MULTIPATH, RTA_OIF, RTA_PREFSRC, RTA_PRIORITY } from './kernel.ts';
import { aligned, parseAttributes, QUESTIONS } from './netlink-messages.ts';

export interface Link {
  index: number;
  name: string;
  /** IFF_BROADCAST of netdevice(7). */
  broadcasts: boolean;
  /** Of what the kernel makes up: `veth`, `vxlan`, `tun`, …; empty of a device. */
  kind: string;
}

export function parseLink(body: Buffer): Link {
  const attributes = parseAttributes(body.subarray(QUESTIONS.link.header));
  const info = attributes.get(IFLA_LINKINFO);
  const kind = info === undefined ? undefined : parseAttributes(info).get(IFLA_INFO_KIND);
  return { index: body.readInt32LE(4), name: textOf(attributes.get(IFLA_IFNAME)), broadcasts: (body.readUInt32LE(8) & IFF_BROADCAST) !== 0, kind: textOf(kind) };
}

/** Up to the zero that ends it. */
function textOf(value: Buffer | undefined): string {
  return value?.toString('utf8').replace(/\0.*$/s, '') ?? '';
}

export interface InterfaceAddress {
  index: number;
  address: string;
  mask: string;
  /** The broadcast address, else that of the other end, else our own; empty for IPv6 without another end. As getifaddrs(3) has it. */
  destination: string;
  /** Whether it means something on its link only, fe80::/10. */
  linkLocal: boolean;
}

/** Undefined for families other than IPv4 and IPv6. */
export function parseInterfaceAddress(body: Buffer): InterfaceAddress | undefined {
  const attributes = parseAttributes(body.subarray(QUESTIONS.address.header));
  const [far, local, broadcast] = [IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST].map((type) => attributes.get(type));
  const own = local ?? far;
  if (own === undefined || !isAddress(own)) return undefined;
  const destination = broadcast ?? (local === undefined ? undefined : far);
  const linkLocal = own.length === 16 && own[0] === 0xfe && ((own[1] ?? 0) & 0xc0) === 0x80;
  return { index: body.readUInt32LE(4), address: formatAddress(own), mask: formatAddress(maskOf(body.readUInt8(1), own.length)), destination: destination !== undefined && isAddress(destination) ? formatAddress(destination) : '', linkLocal };
}

const isAddress = (bytes: Buffer): boolean => bytes.length === 4 || bytes.length === 16;

export interface Route {
  /** The link; absent of a route that leads nowhere. */
  index: number | undefined;
  family: number;
  /** Undefined for a default route. */
  destination: string | undefined;
  /** Bits of the destination that count. */
  prefix: number;
  gateway: string;
  source: string;
  metric: number;
  mtu: number;
  hopLimit: number;
  /** RTN_ of rtnetlink(7): 1 unicast, 2 local, 3 broadcast, 4 anycast, 5 multicast … */
  type: number;
  /** RTM_F_ and RTNH_F_ bits. */
  flags: number;
}

/** One for each next hop: a route may have several, and then osquery names none. */
export function parseRoutes(body: Buffer): Route[] {
  const attributes = parseAttributes(body.subarray(QUESTIONS.route.header));
  const metrics = parseAttributes(attributes.get(RTA_METRICS) ?? Buffer.alloc(0));
  const route = {
    family: body.readUInt8(0),
    destination: addressOf(attributes.get(RTA_DST)),
    prefix: body.readUInt8(1),
    source: addressOf(attributes.get(RTA_PREFSRC)) ?? '',
    metric: numberOf(attributes.get(RTA_PRIORITY)) ?? 0,
    mtu: numberOf(metrics.get(RTAX_MTU)) ?? 0,
    hopLimit: numberOf(metrics.get(RTAX_HOPLIMIT)) ?? 0,
    type: body.readUInt8(7),
    flags: body.readInt32LE(8),
  };
  const several = attributes.get(RTA_MULTIPATH);
  const hops = several === undefined ? [{ index: numberOf(attributes.get(RTA_OIF)), gateway: addressOf(attributes.get(RTA_GATEWAY)) ?? '' }] : parseHops(several);
  return hops.map((hop) => ({ ...route, ...hop }));
}

/** struct rtnexthop: length, flags, weight, number of the link; then attributes. */
const HOP_HEADER = 8;

function parseHops(bytes: Buffer): { index: number; gateway: string }[] {
  const hops: { index: number; gateway: string }[] = [];
  for (let at = 0; at + HOP_HEADER <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < HOP_HEADER || at + length > bytes.length) break;
    hops.push({ index: bytes.readInt32LE(at + 4), gateway: addressOf(parseAttributes(bytes.subarray(at + HOP_HEADER, at + length)).get(RTA_GATEWAY)) ?? '' });
    at += aligned(length);
  }
  return hops;
}

function addressOf(bytes: Buffer | undefined): string | undefined {
  return bytes !== undefined && isAddress(bytes) ? formatAddress(bytes) : undefined;
}

/** Signed, as osquery prints it: the metric of an unreachable route is -1. */
function numberOf(bytes: Buffer | undefined): number | undefined {
  return bytes !== undefined && bytes.length >= 4 ? bytes.readInt32LE(0) : undefined;
}
