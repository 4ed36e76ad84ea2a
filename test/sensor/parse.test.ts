import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAN_ATTRIB, FAN_CLOSE_WRITE, FAN_CREATE, FAN_DELETE, FAN_DELETE_SELF, FAN_EVENT_INFO_TYPE_DFID, FAN_EVENT_INFO_TYPE_DFID_NAME, FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, FAN_EVENT_METADATA_LEN, FAN_MODIFY, FAN_MOVED_TO, FAN_MOVE_SELF, FAN_NOFD, FAN_ONDIR, FAN_OPEN_EXEC, FAN_Q_OVERFLOW, FAN_RENAME, INOTIFY_EVENT_LENGTH, IN_CREATE, IN_MOVED_FROM, IN_MOVED_TO } from '../../src/host/kernel.ts';
import { Entries } from '../../src/model/entries.ts';
import { Did, type Bracket } from '../../src/sensor/backend.ts';
import { parseFanotify, type Parsed } from '../../src/sensor/fanotify-parse.ts';
import { parseInotify } from '../../src/sensor/inotify.ts';
import { differing } from '../../src/sensor/scan.ts';

function info(type: number, name: string, handle = 'HANDLE'): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(20), Buffer.from(handle), Buffer.from(`${name}\0`, 'latin1')]);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt16LE(bytes.length, 2);
  bytes.write('FSIDFSID', 4);
  bytes.writeUInt32LE(handle.length, 12);
  return bytes;
}

function fanotifyEvent(mask: number, pid: number, ...infos: Buffer[]): Buffer {
  const header = Buffer.alloc(FAN_EVENT_METADATA_LEN);
  const body = Buffer.concat([header, ...infos]);
  body.writeUInt32LE(body.length, 0);
  body.writeUInt16LE(FAN_EVENT_METADATA_LEN, 6);
  body.writeUInt32LE(mask, 8);
  body.writeInt32LE(FAN_NOFD, 16);
  body.writeInt32LE(pid, 20);
  return body;
}

function inotifyEvent(wd: number, mask: number, cookie: number, name: string): Buffer {
  const padded = Buffer.alloc(Math.ceil((name.length + 1) / 16) * 16);
  padded.write(name, 'latin1');
  const header = Buffer.alloc(INOTIFY_EVENT_LENGTH);
  header.writeInt32LE(wd, 0);
  header.writeUInt32LE(mask, 4);
  header.writeUInt32LE(cookie, 8);
  header.writeUInt32LE(padded.length, 12);
  return Buffer.concat([header, padded]);
}

const bracket: Bracket = { after: 1n, before: 2n };

function parsed(buffer: Buffer, length = buffer.length, position = 0): Parsed {
  const into: Parsed = { changes: [], executions: [], overflow: false, gone: [] };
  parseFanotify(buffer, length, bracket, { position }, into);
  return into;
}

describe('a buffer of fanotify', () => {
  test('gives the name as bytes, the process and every flag of a merged event', () => {
    const buffer = fanotifyEvent(FAN_CREATE | FAN_CLOSE_WRITE, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'x\xff.timer'));
    expect(parsed(buffer).changes).toMatchObject([{ name: 'x\xff.timer', pid: 7, did: Did.CREATED | Did.CLOSED, isDirectory: false, bracket }]);
  });

  test('gives one change with both names for a rename, and a removal when only the old side is marked', () => {
    const both = fanotifyEvent(FAN_RENAME, 7, info(FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, 'old'), info(FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, 'new'));
    expect(parsed(both).changes).toMatchObject([{ name: 'new', did: Did.MOVED_IN, from: { name: 'old' } }]);
    const old = fanotifyEvent(FAN_RENAME, 7, info(FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, 'old'));
    expect(parsed(old).changes).toMatchObject([{ name: 'old', did: Did.MOVED_OUT }]);
  });

  test('says when the queue was full and when a directory itself is gone', () => {
    const buffer = Buffer.concat([fanotifyEvent(FAN_Q_OVERFLOW, 0), fanotifyEvent(FAN_DELETE_SELF | FAN_ONDIR, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, '.'))]);
    expect(parsed(buffer)).toMatchObject({ overflow: true, gone: [{ directory: expect.stringContaining('FSIDFSID'), pid: 7 }], changes: [] });
  });

  test('keeps the order of what was run and what was changed', () => {
    const buffer = Buffer.concat([fanotifyEvent(FAN_OPEN_EXEC, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'sh')), fanotifyEvent(FAN_CREATE, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'a.timer', 'HANDLF')), fanotifyEvent(FAN_OPEN_EXEC, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'true'))]);
    const { changes, executions } = parsed(buffer, buffer.length, 40);
    expect(executions).toMatchObject([{ pid: 7, name: 'sh', position: 40 }, { pid: 7, name: 'true', position: 42 }]);
    expect(changes).toMatchObject([{ name: 'a.timer', position: 41 }]);
    expect(executions[0]?.directory).toBe(executions[1]?.directory);
    expect(changes[0]?.directory).not.toBe(executions[0]?.directory);
  });

  test.each<[flag: number, did: number]>([
    [FAN_CREATE, Did.CREATED],
    [FAN_MODIFY, Did.WRITTEN],
    [FAN_CLOSE_WRITE, Did.CLOSED],
    [FAN_ATTRIB, Did.ATTRIBUTES],
    [FAN_DELETE, Did.DELETED],
    [FAN_MOVED_TO, Did.MOVED_IN],
  ])('tells flag %i as what was done', (flag, did) => {
    expect(parsed(fanotifyEvent(flag, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'x'))).changes).toMatchObject([{ did }]);
  });

  test('does not take a directory of which only the attributes changed for gone', () => {
    const own = (mask: number): Buffer => fanotifyEvent(mask | FAN_ONDIR, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, '.'));
    expect(parsed(Buffer.concat([own(FAN_ATTRIB), own(FAN_MOVE_SELF), fanotifyEvent(FAN_DELETE_SELF, 7, info(FAN_EVENT_INFO_TYPE_DFID, ''))]))).toMatchObject({ changes: [], gone: [{ position: 1 }, { position: 2 }] });
  });

  test('in which a length does not fit gives no name from beyond it, and what follows all the same', () => {
    const [longer, handle] = [info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'a'), info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'b')];
    longer.writeUInt16LE(longer.length + 4, 2);
    handle.writeUInt32LE(handle.length, 12);
    const none = info(FAN_EVENT_INFO_TYPE_DFID_NAME, '');
    none.writeUInt16LE(0, 2);
    const [first, second, third, last] = [longer, handle, none, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'c')].map((each) => fanotifyEvent(FAN_CREATE, 7, each));
    expect(parsed(Buffer.concat([first!, second!, third!, last!])).changes).toMatchObject([{ name: 'c', position: 3 }]);
  });

  test('takes nothing from parts that it does not know', () => {
    expect(parsed(fanotifyEvent(FAN_CREATE, 7, info(4, 'pidfd'), info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'a'), info(5, 'error'))).changes).toMatchObject([{ name: 'a' }]);
  });

  test('that is cut anywhere or holds nonsense never throws and never invents a name', () => {
    const whole = Buffer.concat([fanotifyEvent(FAN_CREATE, 7, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'a.timer')), fanotifyEvent(FAN_DELETE, 8, info(FAN_EVENT_INFO_TYPE_DFID_NAME, 'b.timer'))]);
    for (let length = 0; length <= whole.length; length += 1) expect(parsed(whole, length).changes.map((change) => change.name)).toEqual(['a.timer', 'b.timer'].slice(0, Math.floor((length * 2) / whole.length)));
    expect(parsed(Buffer.concat([whole, Buffer.alloc(FAN_EVENT_METADATA_LEN), whole])).changes).toHaveLength(2);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parsed(Buffer.from(bytes));
      parseInotify(Buffer.from(bytes), bytes.length, bracket);
    }));
  });
});

describe('a buffer of inotify', () => {
  test('joins the two halves of a rename by their cookie', () => {
    const buffer = Buffer.concat([inotifyEvent(1, IN_MOVED_FROM, 9, 'old'), inotifyEvent(1, IN_CREATE, 0, 'other'), inotifyEvent(2, IN_MOVED_TO, 9, 'new')]);
    expect(parseInotify(buffer, buffer.length, bracket).changes).toMatchObject([{ name: 'other', did: Did.CREATED }, { directory: '2', name: 'new', did: Did.MOVED_IN, from: { directory: '1', name: 'old' } }]);
  });

  test('gives a half that stays alone as what it is', () => {
    const buffer = inotifyEvent(1, IN_MOVED_FROM, 9, 'old');
    expect(parseInotify(buffer, buffer.length, bracket).changes).toMatchObject([{ name: 'old', did: Did.MOVED_OUT }]);
  });
});

test('a comparison finds what came, went, changed and was replaced', () => {
  const signature = (inode: bigint, changed: bigint): { inode: bigint; changed: bigint } => ({ inode, changed });
  const before = new Entries([['same', signature(1n, 1n)], ['gone', signature(2n, 1n)], ['touched', signature(3n, 1n)], ['replaced', signature(4n, 1n)]]);
  const after = new Entries([['same', signature(1n, 1n)], ['touched', signature(3n, 2n)], ['replaced', signature(5n, 1n)], ['new', signature(6n, 1n)]]);
  expect(differing(before, after)).toEqual(['gone', 'touched', 'replaced', 'new']);
});
