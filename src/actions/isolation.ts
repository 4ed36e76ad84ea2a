/** What isolating a host means, whichever packet filter does it. */
import type { Network } from './networks.ts';
import type { Peer } from './peers.ts';

export interface Isolation {
  peers: Peer[];
  /** Servers that may be asked for names. */
  dns: Network[];
  /** Whether leases may be kept. */
  dhcp: boolean;
  /** The kernel ends it by itself after so many seconds; 0: it stays until it is released. */
  seconds: number;
}

/** An isolation as the kernel has it. */
export interface InForce {
  /** The id of the run that made it. */
  run: string;
  peers: Peer[];
  dns: Network[];
  dhcp: boolean;
  /** What is missing for the host to be cut off; empty when it is. */
  missing: string[];
  /** What it does not reach although it is whole: interfaces that came later, or with names that cannot be given to nft. */
  gaps: string[];
  /** Packets dropped so far, where the filter says so. */
  dropped?: number;
  /** Seconds until it ends by itself; absent when it does not. */
  expires?: number;
  /** Seconds that it was given; absent where it does not end by itself, or the filter does not say so. */
  lasts?: number;
}

export interface PacketFilter {
  readonly name: 'nftables' | 'iptables';
  /** Why it cannot be loaded here; undefined when it can. Changes nothing. */
  obstacle(wanted: Isolation): Promise<string | undefined>;
  /** What it does not cut, in words. */
  gaps(): string[];
  /** All of it or nothing: in place of `present`, which is there; where none was, throws if another came meanwhile, as far as the filter can tell. */
  load(wanted: Isolation, run: string, present: InForce | undefined): Promise<void>;
  /** Undefined where there is none. */
  inForce(): Promise<InForce | undefined>;
  /** 0: it does not end by itself any more. */
  expireIn(seconds: number): Promise<void>;
  /** As text that `restore` takes. */
  save(): Promise<string>;
  restore(saved: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Stands in the rules, and says whether raw packets are cut too, so that it is seen when somebody takes only that out. Run ids are made by us, of hexadecimal digits and
 * dashes; nothing else gets into a ruleset.
 */
export function commentOf(run: string, cutsRaw = false): string {
  return `isolated by tickward${cutsRaw ? ' with raw packets' : ''}, run ${run.replace(/[^0-9A-Za-z-]/g, '')}`;
}

export function readComment(comment: string): { run: string; cutsRaw: boolean } {
  const [, raw, run = ''] = /^isolated by tickward( with raw packets)?, run ([0-9A-Za-z-]+)$/.exec(comment) ?? [];
  return { run, cutsRaw: raw !== undefined };
}
