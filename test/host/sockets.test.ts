import { expect, test } from 'vitest';
import { AF_INET, AF_INET6 } from '../../src/host/kernel.ts';
import { parseInet, parsePacket, parseUnix } from '../../src/host/sockets.ts';

// Copied from /proc/net of a Linux 6.18 on x86-64.
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1664 1 0000000000000000 100 0 0 10 0                      
   1: 0200000A:E0F2 2E47CB34:01BB 01 00000000:00000000 02:000001E5 00000000  1000        0 35021 2 0000000000000000 20 4 30 10 -1                    
   2: 0100007F:C350 0100007F:1F90 06 00000000:00000000 03:00000F2C 00000000     0        0 0 3 0000000000000000                                      
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20133 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 20134 1 0000000000000000 100 0 0 10 0
`;
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01  1660 /run/systemd/private
0000000000000000: 00000003 00000000 00000000 0001 03 23345
0000000000000000: 00000002 00000000 00000000 0002 01 23346 @abstract name
0000000000000000: 00000002 00000000 00010000 0001 01 23347 /tmp/two
0000000000000000: 00000002 lines/of one
0000000000000000: 00000002 00000000 00010000 0001 01 23348 /last
`;

test('TCP: ends, states in words, and who waits has no inode any more', () => {
  expect([...parseInet(TCP, AF_INET, 6)].map(({ local_address, local_port, remote_address, remote_port, state, inode }) => [local_address, local_port, remote_address, remote_port, state, inode])).toEqual([
    ['0.0.0.0', 2024, '0.0.0.0', 0, 'LISTEN', '1664'],
    ['10.0.0.2', 57586, '52.203.71.46', 443, 'ESTABLISHED', '35021'],
    ['127.0.0.1', 50000, '127.0.0.1', 8080, 'TIME_WAIT', '0'],
  ]);
});

test('IPv6 words are turned as the machine keeps them', () => {
  expect([...parseInet(TCP6, AF_INET6, 6)].map(({ local_address, local_port, remote_address }) => [local_address, local_port, remote_address])).toEqual([['::1', 631, '::'], ['::ffff:127.0.0.1', 80, '::ffff:127.0.0.1']]);
});

test('only TCP has states', () => {
  expect([...parseInet(TCP, AF_INET, 17)].map(({ state }) => state)).toEqual(['', '', '']);
});

test('unix sockets: a path may have blanks and line breaks, and one that looks like a line is not one', () => {
  expect([...parseUnix(UNIX)].map(({ inode, path }) => [inode, path])).toEqual([
    ['1660', '/run/systemd/private'], ['23345', ''], ['23346', '@abstract name'], ['23347', '/tmp/two\n0000000000000000: 00000002 lines/of one'], ['23348', '/last'],
  ]);
});

test('packet sockets have an Ethernet protocol and no ends', () => {
  const [socket] = parsePacket('sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n0000000000000000 3      3    0003   2     1 0      0      35871 \n');
  expect(socket).toMatchObject({ family: 17, protocol: 3, inode: '35871', state: 'NONE', local_address: '', local_port: 0 });
});

test.each(['', 'nonsense', 'header\n\n  \nshort line'])('%j has no sockets', (text) => {
  expect([...parseInet(text, AF_INET, 6), ...parseUnix(text), ...parsePacket(text)]).toEqual([]);
});
