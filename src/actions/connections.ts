/** Ends connections of this network namespace by ss(8): one that is only cut would go on when the cut ends. */
import { networkInterfaces } from 'node:os';
import { run } from '../exec.ts';
import { TickwardError } from '../model/errors.ts';
import { firstLineOf } from '../model/text.ts';
import { networkText, type Network } from './networks.ts';
import type { Peer } from './peers.ts';

/** Remarks, as that it cannot be done here. Connections of this host with itself and those of the peers stay. */
export function endConnectionsBut(peers: readonly Peer[]): Promise<string[]> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []).map(({ address }) => address);
  const kept = [...['127.0.0.0/8', '::1', ...own].map((address) => `dst ${host(address)}`), ...peers.map(({ network, port }) => `( dst ${host(networkText(network))} and sport = :${port} )`)];
  return end(`! ( ${kept.join(' or ')} )`);
}

export function endConnectionsWith(networks: readonly Network[]): Promise<string[]> {
  return networks.length === 0 ? Promise.resolve([]) : end(`( ${networks.map((network) => `dst ${host(networkText(network))}`).join(' or ')} )`);
}

async function end(filter: string): Promise<string[]> {
  const select = ['-H', '-n', '-t', '-u', 'state', 'connected', ...filter.split(' ')];
  try {
    const killed = await run('ss', ['--kill', ...select]);
    if (killed.exitCode !== 0) return [`connections that exist were not ended, and would go on afterwards: ${firstLineOf(killed.stderr)}`];
    const left = linesOf((await run('ss', select)).stdout);
    // Those that wait for a last word of the other end (proc_net_tcp: TIME_WAIT and later) carry nothing any more.
    const alive = left.filter((line) => /\b(?:ESTAB|SYN-SENT|SYN-RECV|CLOSE-WAIT)\b/.test(line));
    const ended = linesOf(killed.stdout).length;
    return [...(ended === 0 ? [] : [`${ended} ${ended === 1 ? 'connection was' : 'connections were'} ended`]), ...(alive.length === 0 ? [] : [`${alive.length} ${alive.length === 1 ? 'connection' : 'connections'} could not be ended and would go on afterwards: the kernel was built without INET_DIAG_DESTROY`])];
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'UNSUPPORTED') return ['connections that exist are cut but not ended, and would go on afterwards: there is no ss (apt-get install iproute2)'];
    throw error;
  }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** ss takes IPv6 addresses and networks in brackets. */
function host(text: string): string {
  const plain = text.replace(/%[^/]*/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}
