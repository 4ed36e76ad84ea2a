/** Messages of netlink(7): a question for all there is of a kind, its answers, and their attributes. Pure; `netlink.ts` asks. Integers are the machine's own, little-endian on all that we run on. */
import { NETLINK_ROUTE, NETLINK_XFRM, NLA_TYPE_MASK, NLMSG_DONE, NLMSG_ERROR, NLMSG_HDRLEN, NLM_F_DUMP, NLM_F_REQUEST, RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE, XFRM_MSG_GETPOLICY, XFRM_MSG_NEWPOLICY } from './kernel.ts';

/** What can be asked for: of which part of the kernel, the type of the question, of its answers, and the bytes of the struct that both begin with. */
export const QUESTIONS = {
  link: { protocol: NETLINK_ROUTE, ask: RTM_GETLINK, answer: RTM_NEWLINK, header: 16 },
  address: { protocol: NETLINK_ROUTE, ask: RTM_GETADDR, answer: RTM_NEWADDR, header: 8 },
  route: { protocol: NETLINK_ROUTE, ask: RTM_GETROUTE, answer: RTM_NEWROUTE, header: 12 },
  policy: { protocol: NETLINK_XFRM, ask: XFRM_MSG_GETPOLICY, answer: XFRM_MSG_NEWPOLICY, header: 168 },
} as const;
export type Question = keyof typeof QUESTIONS;

/** Asks for all there is of a kind, of every address family. */
export function request(question: Question): Buffer {
  const { ask, header } = QUESTIONS[question];
  const message = Buffer.alloc(NLMSG_HDRLEN + header);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(ask, 4);
  message.writeUInt16LE(NLM_F_REQUEST | NLM_F_DUMP, 6);
  return message;
}

export interface Answer {
  /** The bodies of the messages. */
  bodies: Buffer[];
  done: boolean;
  /** A positive errno when the kernel refused. */
  errno?: number;
}

/** One datagram taken apart. */
export function parseAnswer(datagram: Buffer, question: Question): Answer {
  const bodies: Buffer[] = [];
  for (let at = 0; at + NLMSG_HDRLEN <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    const type = datagram.readUInt16LE(at + 4);
    if (length < NLMSG_HDRLEN || at + length > datagram.length) break;
    const body = datagram.subarray(at + NLMSG_HDRLEN, at + length);
    if (type === NLMSG_ERROR) return { bodies, done: true, errno: body.length < 4 ? 0 : -body.readInt32LE(0) };
    if (type === NLMSG_DONE) return { bodies, done: true };
    if (type === QUESTIONS[question].answer) bodies.push(body);
    at += aligned(length);
  }
  return { bodies, done: false };
}

export const aligned = (length: number): number => (length + 3) & ~3;

/** Attributes by their type; of several of a type the last. */
export function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    attributes.set(bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return attributes;
}
