/** osquery's `listening_ports`: the sockets that nobody is at the other end of, and unix sockets with a name. */
import { AF_INET, AF_INET6, AF_UNIX } from '../../host/kernel.ts';
import type { Table } from '../../model/table.ts';
import { legible } from '../../model/text.ts';
import { openSockets } from './process_open_sockets.ts';

export const listening_ports: Table = {
  name: 'listening_ports',
  description: 'Processes with listening (bound) network sockets/ports.',
  columns: [
    { name: 'pid', type: 'INTEGER' },
    { name: 'port', type: 'INTEGER' },
    { name: 'protocol', type: 'INTEGER' },
    { name: 'family', type: 'INTEGER' },
    { name: 'address', type: 'TEXT' },
    { name: 'fd', type: 'BIGINT' },
    { name: 'socket', type: 'BIGINT' },
    { name: 'path', type: 'TEXT' },
    { name: 'net_namespace', type: 'TEXT' },
  ],
  *generate(context) {
    for (const { holder, namespace, family, protocol, ...socket } of openSockets(context)) {
      const common = { ...holder, family, protocol, net_namespace: namespace };
      if (family === AF_UNIX) {
        if (socket.path !== '') yield { ...common, port: 0, socket: 0, path: legible(socket.path) };
      } else if (socket.remote_port === 0 || (family !== AF_INET && family !== AF_INET6)) yield { ...common, port: socket.local_port, address: socket.local_address, socket: socket.inode };
    }
  },
};
