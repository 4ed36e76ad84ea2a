/** Whether those who respond could come back is looked for before anything is cut, in network namespaces of the test's own. */
import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { join, namespace, noNetwork, type Namespace } from '../helpers/network.ts';
import { PROGRAM } from '../helpers/tickward.ts';
import { until } from '../helpers/until.ts';

/** What an isolation would do for these peers, on a host where something listens on port 2222. */
async function planner(host: Namespace): Promise<(peers: string) => RunResult> {
  const server = host.start([process.execPath, '-e', "require('node:net').createServer(() => {}).listen(2222, () => console.log('up'))"]);
  await until(() => server.said().includes('up'));
  const state = temporaryDirectory();
  return (peers) => JSON.parse(host.run(['sh', '-c', 'sh "$@" || true', 'sh', PROGRAM, 'isolate', '--allow', peers, '--dry-run', '--json', '--state-dir', state])) as RunResult;
}

/** Gives them fe80::1 and fe80::2, which are theirs at once: those that they make up are not before nobody else has them. */
async function linkLocal(host: Namespace, device: string, peer: Namespace, far: string): Promise<void> {
  host.run(['ip', 'address', 'add', 'fe80::1/64', 'dev', device, 'nodad']);
  peer.run(['ip', 'address', 'add', 'fe80::2/64', 'dev', far, 'nodad']);
  await until(() => host.succeeds(['ping', '-6', '-c', '1', '-W', '1', `fe80::2%${device}`]), () => 'the address of the link', 10_000);
}

describe.skipIf(noNetwork !== undefined)(`in a network namespace (${noNetwork ?? 'available'})`, { timeout: 60_000 }, () => {
  test('who comes through a tunnel that looks like Ethernet is told that its packets are cut, before anything is done; who is on the link is not', async () => {
    const [host, peer] = [namespace(), namespace()];
    const [device, far] = join(host, peer, [['10.99.7.1/24'], ['10.99.7.2/24']]);
    host.run(['ip', 'link', 'add', 'vxlan', 'type', 'vxlan', 'id', '7', 'remote', '10.99.7.2', 'dstport', '4789', 'dev', device]);
    // As OpenVPN and ZeroTier hold theirs: TUNSETIFF with IFF_TAP.
    const tap = host.start(['python3', '-c', "import fcntl, struct, time\nwith open('/dev/net/tun', 'r+b', buffering=0) as tun:\n  fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', b'tap', 2))\n  print('up', flush=True)\n  time.sleep(60)"]);
    await until(() => tap.said().includes('up'));
    for (const [name, address] of [['vxlan', '10.99.8.1/24'], ['tap', '10.99.9.1/24']] as const) {
      host.run(['ip', 'address', 'add', address, 'dev', name]);
      host.run(['ip', 'link', 'set', name, 'up']);
    }
    const plan = await planner(host);
    expect(plan('10.99.8.2:2222,10.99.9.2:2222').steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(/the way to 10\.99\.8\.2 leads through the tunnel vxlan, whose own packets are cut; the way to 10\.99\.9\.2 leads through the tunnel tap,/) }]);
    expect(plan('10.99.8.2:2222,10.99.7.2:2222').steps).toMatchObject([{ state: 'would-change' }]);
    // An address of the link, which no route but the link's own leads to.
    await linkLocal(host, device, peer, far);
    expect(plan('[fe80::2]:2222').steps).toMatchObject([{ state: 'would-change' }]);
    // Whoever seems to come from here comes through something here.
    for (const here of ['127.0.0.1', '10.99.7.1']) expect(plan(`${here}:2222`).steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining(`nobody could come back over the network: ${here} is this host itself: `) }]);
  });

  test('who comes through IPsec is told that its packets are cut; who is let past it is not', async () => {
    const [host, peer] = [namespace(), namespace()];
    const [device, far] = join(host, peer, [['10.99.7.1/24', 'fd97::1/64'], ['10.99.7.2/24', 'fd97::2/64']]);
    await linkLocal(host, device, peer, far);
    const policy = (...how: string[]): string => host.run(['ip', 'xfrm', 'policy', 'add', ...how]);
    const wrapping = ['tmpl', 'src', '10.99.7.1', 'dst', '10.99.7.2', 'proto', 'esp', 'reqid', '1', 'mode', 'tunnel'];
    const plan = await planner(host);
    expect(plan('10.99.7.2:2222').steps).toMatchObject([{ state: 'would-change' }]);
    policy('src', '10.99.7.0/24', 'dst', '10.99.7.0/25', 'dir', 'out', 'priority', '100', ...wrapping);
    policy('src', '10.99.7.0/25', 'dst', '10.99.7.0/24', 'dir', 'in', 'priority', '100', ...wrapping);
    policy('src', 'fd97::1', 'dst', 'fd97::2', 'proto', 'tcp', 'sport', '2222', 'dir', 'out', ...wrapping);
    expect(plan('10.99.7.2:2222,[fd97::2]:2222').steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(/the way to 10\.99\.7\.2 leads through IPsec \(ip xfrm policy\), whose own packets are cut; the way to fd97::2 leads through IPsec/) }]);
    // Of packets of IPsec's own interfaces, xfrm and vti.
    policy('src', '10.99.7.0/24', 'dst', '10.99.7.192/26', 'dir', 'out', 'if_id', '7', ...wrapping);
    policy('src', '10.99.7.0/24', 'dst', '10.99.7.192/26', 'dir', 'out', 'mark', '7', ...wrapping);
    expect(plan('10.99.7.200:2222').steps).toMatchObject([{ state: 'would-change' }]);
    policy('src', 'fe80::/10', 'dst', 'fe80::/10', 'dir', 'out', ...wrapping);
    expect(plan('[fe80::2]:2222').steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('the way to fe80::2 leads through IPsec') }]);
    policy('src', '0.0.0.0/0', 'dst', '10.99.7.2', 'dir', 'out', 'priority', '1');
    expect(plan('10.99.7.2:2222').steps).toMatchObject([{ state: 'would-change' }]);
  });
});
