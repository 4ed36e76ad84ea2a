/** osquery's `interface_addresses`: what getifaddrs(3) tells of IPv4 and IPv6, by rtnetlink(7). */
import { readInterfaceAddresses, readLinks } from '../../host/netlink.ts';
import { messageOf } from '../../model/errors.ts';
import type { Table } from '../../model/table.ts';

export const interface_addresses: Table = {
  name: 'interface_addresses',
  description: 'Network interfaces and relevant metadata.',
  columns: [
    { name: 'interface', type: 'TEXT' },
    { name: 'address', type: 'TEXT' },
    { name: 'mask', type: 'TEXT' },
    { name: 'broadcast', type: 'TEXT' },
    { name: 'point_to_point', type: 'TEXT' },
    { name: 'type', type: 'TEXT' },
  ],
  *generate(context) {
    try {
      const links = new Map(readLinks().map((link) => [link.index, link] as const));
      for (const { index, address, mask, destination, linkLocal } of readInterfaceAddresses()) {
        const link = links.get(index);
        const name = link?.name ?? String(index);
        const far = destination === '' ? {} : link?.broadcasts === true ? { broadcast: destination } : { point_to_point: destination };
        // getnameinfo(3) names the link of an address that means something on it only.
        yield { interface: name, address: linkLocal ? `${address}%${name}` : address, mask, ...far, type: 'unknown' };
      }
    } catch (error) {
      context.warn(`addresses cannot be asked for: ${messageOf(error)}`);
    }
  },
};
