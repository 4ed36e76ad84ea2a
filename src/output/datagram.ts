/** Datagrams to a socket of the host (unix(7)), which Node cannot send. Never holds the process up. */
import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM, UNIX_PATH_MAX } from '../host/kernel.ts';
import { errno, errnoName, libcFunction } from '../host/native.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

const FAMILY_LENGTH = 2;

const PATIENCE_MS = 1_000;
const PAUSE_MS = 10;

const socket = libcFunction('int socket(int domain, int type, int protocol)');
const sendto = libcFunction('long sendto(int fd, const void *bytes, size_t length, int flags, const void *address, unsigned int address_length)');
const close = libcFunction('int close(int fd)');

export interface DatagramSocket {
  /** Waits for up to `PATIENCE_MS` for a reader that does not keep up. Throws what the host says: then `EAGAIN`; `ENOENT` and `ECONNREFUSED` while there is none; `EMSGSIZE`. */
  send(bytes: Buffer): Promise<void>;
  close(): void;
}

/** The path is looked up for each datagram, so that a reader may come back under another socket. */
export function openDatagramSocket(path: string): DatagramSocket {
  const name = Buffer.from(path);
  if (name.length >= UNIX_PATH_MAX) throw new TickwardError('BAD_INPUT', `the path of the socket ${printable(path)} is too long: ${UNIX_PATH_MAX - 1} bytes at most`);
  const address = Buffer.alloc(FAMILY_LENGTH + name.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, FAMILY_LENGTH);
  const fd = Number(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) throw failure('socket', path);
  return {
    async send(bytes) {
      const end = performance.now() + PATIENCE_MS;
      // Of datagrams only some wait in the kernel: 10 to 512 (net.unix.max_dgram_qlen).
      while (Number(sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length)) < 0) {
        if (errno() !== constants.errno.EAGAIN || performance.now() > end) throw failure('sendto', path);
        await setTimeout(PAUSE_MS);
      }
    },
    close: () => void close(fd),
  };
}

const MEANINGS: Record<string, string> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody reads from it',
  EAGAIN: 'its reader does not keep up',
  EPROTOTYPE: 'it takes no datagrams',
  EACCES: 'no permission',
  EMSGSIZE: 'the message is too long for it',
  EAFNOSUPPORT: 'this service may not open such sockets (systemd: RestrictAddressFamilies=AF_UNIX)',
};

function failure(call: string, path: string): TickwardError {
  const code = errnoName(errno());
  return new TickwardError('FAILED', `${printable(path)}: ${MEANINGS[code] ?? code} (${call}: ${code})`);
}
