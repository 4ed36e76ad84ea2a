/** osquery's `arp_cache`: /proc/net/arp (arp(7)), IPv4 only. */
import { ATF_COM, ATF_PERM } from '../../host/kernel.ts';
import type { Row, Table } from '../../model/table.ts';
import { readWhole, wordsOf } from './lines.ts';

const PERMANENT = `0x${(ATF_COM | ATF_PERM).toString(16)}`;

export const arp_cache: Table = {
  name: 'arp_cache',
  description: 'Address resolution cache, both static and dynamic (from ARP, NDP).',
  columns: [
    { name: 'address', type: 'TEXT' },
    { name: 'mac', type: 'TEXT', collate: 'nocase' },
    { name: 'interface', type: 'TEXT' },
    { name: 'permanent', type: 'TEXT' },
  ],
  generate(context) {
    return parseArp(readWhole(context, '/proc/net/arp') ?? '');
  },
};

/** Address, type and flags of the hardware, hardware address, mask, device. */
export function parseArp(text: string): Row[] {
  return text.split('\n').slice(1).flatMap((line) => {
    const [address, , flags, mac, , device] = wordsOf(line);
    return device === undefined ? [] : [{ address, mac, interface: device, permanent: flags === PERMANENT ? '1' : '0' }];
  });
}
