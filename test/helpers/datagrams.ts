/** A daemon's end of a datagram socket (unix(7)), which Node does not have: what syslog and the journal are to a sender. */
import { rmSync } from 'node:fs';
import koffi from 'koffi';
import { onTestFinished } from 'vitest';

const libc = koffi.load(null);
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, unsigned int length)');
const recv = libc.func('long recv(int fd, _Out_ void *buffer, size_t length, int flags)');
const close = libc.func('int close(int fd)');

const [AF_UNIX, SOCK_DGRAM, MSG_DONTWAIT] = [1, 2, 0x40];

export interface Receiver {
  /** All that have come and were not read before. */
  receive(): Buffer[];
  close(): void;
}

export function receiveAt(path: string): Receiver {
  const fd = Number(socket(AF_UNIX, SOCK_DGRAM, 0));
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)]);
  if (fd < 0 || Number(bind(fd, address, address.length)) < 0) throw new Error(`no socket at ${path}`);
  let isOpen = true;
  const end = (): void => {
    if (isOpen) close(fd);
    isOpen = false;
    rmSync(path, { force: true });
  };
  onTestFinished(end);
  return {
    receive() {
      const received: Buffer[] = [];
      const buffer = Buffer.alloc(300_000);
      for (let length = Number(recv(fd, buffer, buffer.length, MSG_DONTWAIT)); length >= 0; length = Number(recv(fd, buffer, buffer.length, MSG_DONTWAIT))) received.push(Buffer.from(buffer.subarray(0, length)));
      return received;
    },
    close: end,
  };
}
