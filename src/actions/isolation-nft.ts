/** Isolation by nftables: nft(8) in the network namespace that we are in. */
import { readFileSync } from 'node:fs';
import { run } from '../exec.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { firstLineOf, printable } from '../model/text.ts';
import type { InForce, PacketFilter } from './isolation.ts';
import { armedInterfaces, readIsolation } from './isolation-listing.ts';
import { expiryOf, gone, isQuotable, rulesetOf, TABLE } from './isolation-rules.ts';

type Family = 'inet' | 'netdev';

export function nftables(): PacketFilter {
  /** Learnt by `obstacle`: kernels before 5.16 have no hook where packets leave an interface. */
  let cutsRaw = true;
  const interfaces = (): string[] => (cutsRaw ? otherInterfaces().filter(isQuotable) : []);
  return {
    name: 'nftables',
    async obstacle(wanted) {
      try {
        const whole = await check(rulesetOf(wanted, '', otherInterfaces().filter(isQuotable)));
        if (whole === undefined) return undefined;
        cutsRaw = false;
        return await check(rulesetOf(wanted, '', []));
      } catch (error) {
        return messageOf(error);
      }
    },
    gaps() {
      const odd = otherInterfaces().filter((name) => !isQuotable(name));
      if (!cutsRaw) return ['packets that a program writes to an interface itself (AF_PACKET) are not cut: the kernel has no egress hook (Linux 5.16), or nft does not know it (1.0.1)'];
      return odd.length === 0 ? [] : [`packets that a program writes to an interface itself (AF_PACKET) are not cut on ${odd.map(printable).join(', ')}, whose name nft does not take`];
    },
    load: (wanted, id, present) => change(`${present === undefined ? `create table inet ${TABLE}\n` : ''}${rulesetOf(wanted, id, interfaces())}`, 'did not load the isolation'),
    inForce: () => current(),
    async expireIn(seconds) {
      const families = await tables();
      const names = families.includes('netdev') ? armedInterfaces(await list('netdev', true)) : [];
      // Its elements may have timed out since.
      await change(expiryOf(names.length === 0 ? families.filter((family) => family !== 'netdev') : families, seconds, names.filter(isQuotable)), 'did not set the time');
    },
    async save() {
      const texts: string[] = [];
      for (const family of await tables()) texts.push(await list(family, false));
      return texts.join('');
    },
    restore: (saved) => change(`${gone('inet', 'netdev').join('\n')}\n${saved}`, 'did not load the isolation again'),
    async remove() {
      const families = await tables();
      if (families.length > 0) await change(gone(...families).join('\n'), 'did not end the isolation');
    },
  };
}

/** All but the loopback: of this network namespace, where /sys may show another. */
function otherInterfaces(): string[] {
  return readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2).flatMap((line) => {
    const name = /^\s*(\S+):/.exec(line)?.[1];
    return name === undefined || name === 'lo' ? [] : [name];
  });
}

const MOST_LOOKS = 5;

/** Another run may replace the tables between two looks: then it is looked again. */
async function current(looks = 1): Promise<InForce | undefined> {
  try {
    return await look();
  } catch (error) {
    if (looks >= MOST_LOOKS || (error instanceof TickwardError && error.code !== 'FAILED')) throw error;
    return await current(looks + 1);
  }
}

async function look(): Promise<InForce | undefined> {
  const families = await tables();
  if (!families.includes('inet')) return undefined;
  return readIsolation(await list('inet', true), families.includes('netdev') ? await list('netdev', true) : undefined, otherInterfaces());
}

/** Which of ours are there. */
async function tables(): Promise<Family[]> {
  const result = await run('nft', ['list', 'tables']);
  if (result.exitCode !== 0) throw new TickwardError('FAILED', `nft does not list its tables: ${firstLineOf(result.stderr)}`, { hint: 'the kernel needs nf_tables, and this process CAP_NET_ADMIN' });
  const lines = result.stdout.split('\n');
  return (['inet', 'netdev'] as const).filter((family) => lines.includes(`table ${family} ${TABLE}`));
}

async function list(family: Family, json: boolean): Promise<string> {
  const result = await run('nft', [...(json ? ['--json'] : []), 'list', 'table', family, TABLE]);
  if (result.exitCode !== 0) throw new TickwardError('FAILED', `nft does not list the table ${family} ${TABLE}: ${firstLineOf(result.stderr)}`, { hint: 'it was taken away at this moment: look again' });
  return result.stdout;
}

/** What the kernel has against a ruleset, without loading it. */
async function check(ruleset: string): Promise<string | undefined> {
  const result = await run('nft', ['--check', '-f', '-'], { input: ruleset });
  return result.exitCode === 0 ? undefined : `nft does not take the rules: ${firstLineOf(result.stderr)}`;
}

async function change(ruleset: string, failure: string): Promise<void> {
  const result = await run('nft', ['-f', '-'], { input: ruleset });
  if (result.exitCode !== 0) throw new TickwardError('FAILED', `nft ${failure}: ${firstLineOf(result.stderr)}`, { hint: 'nothing was changed; the kernel needs nf_tables with the inet family' });
}
