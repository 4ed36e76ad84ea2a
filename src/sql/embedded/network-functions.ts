/** osquery's functions of addresses and flows. */
import { createHash } from 'node:crypto';
import { parseAddress } from '../../host/addresses.ts';
import { isInteger, SqlError, textOf, type SqlFunction, type SqlValue } from './function.ts';

const UNSIGNED_16 = 0xffff;
const SIGNED_16 = 0x7fff;
const UNSIGNED_8 = 0xff;

/** The Community ID of a flow (github.com/corelight/community-id-spec), without the spec's treatment of ICMP, which osquery leaves out. */
function communityId(from: SqlValue = null, to: SqlValue = null, fromPort: SqlValue = null, toPort: SqlValue = null, protocol: SqlValue = null, seed: SqlValue = 0): string {
  if (!isInteger(seed)) throw new SqlError('Community ID seed must be an integer');
  if (seed < -SIGNED_16 - 1 || seed > SIGNED_16) throw new SqlError('Community ID seed must fit in 2 bytes');
  if (typeof from !== 'string' || typeof to !== 'string') throw new SqlError('Community ID IPs must be strings');
  const source = parseAddress(from);
  if (source === undefined) throw new SqlError('Community ID saddr cannot be parsed as IP');
  const destination = parseAddress(to);
  if (destination === undefined) throw new SqlError('Community ID daddr cannot be parsed as IP');
  if (!isInteger(fromPort) || !isInteger(toPort)) throw new SqlError('Community ID ports must be integers');
  if (![fromPort, toPort].every((port) => port >= 0 && port <= UNSIGNED_16)) throw new SqlError('Community ID ports must fit in 2 bytes');
  if (!isInteger(protocol)) throw new SqlError('Community ID protocol must be an integer');
  if (protocol < 0 || protocol > UNSIGNED_8) throw new SqlError('Community ID protocol must fit in 1 byte');
  const ends = [{ address: source, port: Number(fromPort) }, { address: destination, port: Number(toPort) }];
  ends.sort((a, b) => a.address.length - b.address.length || Buffer.compare(a.address, b.address) || a.port - b.port);
  const head = Buffer.alloc(2);
  head.writeInt16BE(Number(seed));
  const tail = Buffer.alloc(6);
  tail.writeUInt8(Number(protocol));
  ends.forEach(({ port }, index) => tail.writeUInt16BE(port, 2 + 2 * index));
  return `1:${createHash('sha1').update(Buffer.concat([head, ...ends.map(({ address }) => address), tail])).digest('base64')}`;
}

/** The same, but NULL for what does not fit. */
function communityIdOrNull(...given: SqlValue[]): string | null {
  try {
    return communityId(...given);
  } catch (error) {
    if (error instanceof SqlError) return null;
    throw error;
  }
}

/** 1 for a host of the block. Of IPv4 the first and the last address are not hosts, but for a block of one. */
function inBlock(block: SqlValue = null, address: SqlValue = null): number {
  if (typeof block !== 'string') throw new SqlError('CIDR must be a string');
  if (typeof address !== 'string') throw new SqlError('IP address must be a string');
  const bytes = parseAddress(address);
  if (bytes === undefined) throw new SqlError('IP address cannot be parsed');
  const [, network = '', digits = ''] = /^(.*)\/(\d{1,3})$/.exec(block) ?? [];
  const base = parseAddress(network);
  const bits = bytes.length * 8;
  const prefix = Number(digits);
  if (base?.length !== bytes.length || prefix > bits) throw new SqlError(`CIDR for IP address v${bits === 32 ? 4 : 6} cannot be parsed`);
  const rest = BigInt(bits - prefix);
  const [wanted, start] = [numberOf(bytes), (numberOf(base) >> rest) << rest];
  const end = start + (1n << rest) - 1n;
  const onlyHosts = bits === 32 && prefix < 32;
  return (onlyHosts ? wanted > start && wanted < end : wanted >= start && wanted <= end) ? 1 : 0;
}

function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

export const networkFunctions: readonly SqlFunction[] = [
  {
    name: 'inet_aton',
    arity: [1],
    apply(address) {
      const bytes = parseAddress(textOf(address) ?? '');
      return bytes?.length === 4 ? bytes.readUInt32BE(0) : null;
    },
  },
  { name: 'in_cidr_block', arity: [2], apply: inBlock },
  { name: 'community_id_v1', arity: [5, 6], apply: communityIdOrNull },
  { name: 'community_id_v1_strict', arity: [5, 6], apply: communityId },
];
