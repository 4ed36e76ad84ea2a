/** The tables that block addresses, through nft(8). */
import { run } from '../exec.ts';
import { TickwardError } from '../model/errors.ts';
import { firstLineOf } from '../model/text.ts';
import { blockRules, idOfTable, readBlocked, tableOf } from './block-rules.ts';
import type { Network } from './networks.ts';

/** By the id of their step. Throws UNSUPPORTED where there is no nft. */
export async function blockedTables(): Promise<Map<string, ReturnType<typeof readBlocked>>> {
  const found = new Map<string, ReturnType<typeof readBlocked>>();
  for (const line of (await nft(['list', 'tables', 'inet'])).split('\n')) {
    const id = idOfTable(line.replace(/^table inet /, ''));
    if (id !== undefined) found.set(id, readBlocked(await nft(['--json', 'list', 'table', 'inet', tableOf(id)])));
  }
  return found;
}

export async function blockIn(id: string, networks: readonly Network[], seconds: number): Promise<void> {
  await nft(['-f', '-'], blockRules(id, networks, seconds));
}

/** False where it was not there. */
export async function unblockIn(id: string): Promise<boolean> {
  const isThere = (await nft(['list', 'tables', 'inet'])).split('\n').includes(`table inet ${tableOf(id)}`);
  if (isThere) await nft(['delete', 'table', 'inet', tableOf(id)]);
  return isThere;
}

async function nft(args: readonly string[], input?: string): Promise<string> {
  const result = await run('nft', args, input === undefined ? {} : { input });
  if (result.exitCode !== 0) throw new TickwardError('FAILED', `nft did not do its part: ${firstLineOf(result.stderr)}`, { hint: 'the kernel needs nf_tables, and this process CAP_NET_ADMIN' });
  return result.stdout;
}
