/** Asks the kernel for links, addresses, routes and policies of IPsec over a socket of netlink(7), which Node does not have. */
import { AF_NETLINK, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_RAW } from './kernel.ts';
import { errno, libcFunction } from './native.ts';
import { parseAnswer, QUESTIONS, request, type Question } from './netlink-messages.ts';
import { parseInterfaceAddress, parseLink, parseRoutes, type InterfaceAddress, type Link, type Route } from './rtnetlink.ts';
import { parsePolicy, type IpsecPolicy } from './xfrm.ts';

/** Parts are 32 KiB at most (NLMSG_GOODSIZE and what the kernel grows it to). */
const DATAGRAM_BYTES = 64 * 1024;

interface Libc {
  socket(family: number, type: number, protocol: number): number;
  send(fd: number, message: Buffer, length: number, flags: number): number | bigint;
  recv(fd: number, buffer: Buffer, length: number, flags: number): number | bigint;
  close(fd: number): number;
}

let loaded: Libc | undefined;

/** Made when first needed: most queries never do. */
function libc(): Libc {
  loaded ??= {
    socket: libcFunction('int socket(int family, int type, int protocol)') as Libc['socket'],
    send: libcFunction('long send(int fd, const void *message, size_t length, int flags)') as Libc['send'],
    recv: libcFunction('long recv(int fd, _Out_ void *buffer, size_t length, int flags)') as Libc['recv'],
    close: libcFunction('int close(int fd)') as Libc['close'],
  };
  return loaded;
}

export function readLinks(): Link[] {
  return ask('link').map(parseLink);
}

export function readInterfaceAddresses(): InterfaceAddress[] {
  return ask('address').flatMap((body) => parseInterfaceAddress(body) ?? []);
}

/** Of every table, IPv4 and IPv6. */
export function readRoutes(): Route[] {
  return ask('route').flatMap(parseRoutes);
}

/** In the kernel's order, without those of interfaces of IPsec's own. Throws where the kernel has no IPsec. */
export function readIpsecPolicies(): IpsecPolicy[] {
  return ask('policy').flatMap((body) => parsePolicy(body) ?? []);
}

/** The bodies of all answers. Throws where the kernel refuses, or where koffi has no build for this machine. */
function ask(question: Question): Buffer[] {
  const { socket, send, recv, close } = libc();
  const checked = (call: string, result: number): number => {
    if (result < 0) throw new Error(`netlink ${call}: errno ${errno()}`);
    return result;
  };
  const fd = checked('socket', socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, QUESTIONS[question].protocol));
  try {
    const message = request(question);
    checked('send', Number(send(fd, message, message.length, 0)));
    const bodies: Buffer[] = [];
    for (;;) {
      const datagram = Buffer.alloc(DATAGRAM_BYTES);
      // The kernel has the next part ready when it is asked for it: nothing to wait for.
      const length = checked('recv', Number(recv(fd, datagram, datagram.length, MSG_DONTWAIT)));
      const answer = parseAnswer(datagram.subarray(0, length), question);
      if (answer.errno !== undefined && answer.errno !== 0) throw new Error(`netlink ${question}: errno ${answer.errno}`);
      bodies.push(...answer.bodies);
      if (answer.done) return bodies;
    }
  } finally {
    close(fd);
  }
}
