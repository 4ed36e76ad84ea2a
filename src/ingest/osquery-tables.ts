/** Rows of osquery's tables that tell of changes of files (https://osquery.io/schema/). All values are text, or numbers with `--logger_numerics`. */
import type { EcsProcess, FileAction } from '../model/event.ts';
import { isoOf } from '../model/timestamp.ts';
import { ancestryOf, attributionOf } from './own.ts';
import { octal } from './ecs.ts';
import { countField, exactTextField, needed, present, secondsField, textField } from './field.ts';
import type { Report } from './report.ts';
import { userOf } from './user.ts';

/** What a row says; the host, and the time where it has none, stand beside it in the log. */
export type Row = Omit<Report, 'host' | 'time'> & { time?: number };

const COLUMNS = ['action', 'operation', 'uid', 'gid', 'mode', 'inode', 'sha256', 'executable', 'cwd', 'auid', 'attribution', 'process_name', 'cmdline', 'username', 'file_uid', 'file_gid', 'symlink_target', 'container_id', 'cgroup', 'eid', 'ancestry'] as const;
const text = Object.fromEntries(COLUMNS.map((name) => [name, textField(name)])) as Record<(typeof COLUMNS)[number], (row: object) => string | undefined>;
const path = { target: exactTextField('target_path'), own: exactTextField('path'), destination: exactTextField('dest_path'), old: exactTextField('old_path') };
const count = { size: countField('size'), pid: countField('pid'), ppid: countField('ppid') };
const time = secondsField('time');
const mtime = secondsField('mtime');

/** Undefined for rows of other tables, and for what changes nothing. Throws BAD_INPUT for values that the table cannot have. */
export function readRow(row: object): Row | undefined {
  if (text.attribution(row) !== undefined && path.own(row) !== undefined) return timerEvent(row);
  if (text.operation(row) !== undefined && text.executable(row) !== undefined) return processFileEvent(row);
  if (path.target(row) !== undefined && text.action(row) !== undefined) return fileEvent(row);
  return undefined;
}

/** osquery names what inotify(7) tells; a name that something was moved away from is gone. */
const FILE_EVENTS: Record<string, FileAction> = { CREATED: 'creation', UPDATED: 'modification', ATTRIBUTES_MODIFIED: 'modification', DELETED: 'deletion', MOVED_TO: 'rename', MOVED_FROM: 'deletion' };

function fileEvent(row: object): Row | undefined {
  const action = wordIn(FILE_EVENTS, text.action(row));
  const changed = mtime(row);
  const sha256 = text.sha256(row);
  return action && {
    action,
    path: needed(path.target(row), 'target_path'),
    // Its uid and gid are the file's, not those of who did it.
    file: present({ uid: text.uid(row), gid: text.gid(row), mode: octal(text.mode(row)), size: count.size(row), inode: text.inode(row), mtime: changed === undefined ? undefined : isoOf(changed) ?? undefined, hash: sha256 === undefined ? undefined : { sha256 } }),
    ...present({ time: time(row) }),
  };
}

/** A file that is made by open(2) is told as the first write to it. */
const OPERATIONS: Record<string, FileAction> = { write: 'modification', 'open+truncate': 'modification', truncate: 'modification', unlink: 'deletion', rename: 'rename', link: 'creation', symlink: 'creation' };

function processFileEvent(row: object): Row | undefined {
  const operation = text.operation(row);
  const action = wordIn(OPERATIONS, operation);
  const [from, to] = [needed(path.own(row), 'path'), path.destination(row)];
  const target = operation === 'symlink' ? { target_path: from.toWellFormed(), type: 'symlink' as const } : {};
  return action && {
    action,
    path: to ?? from,
    original: action === 'rename' && to !== undefined ? from : undefined,
    file: target,
    process: processOf(row),
    user: userOf(text.uid(row), undefined),
    auid: loginUid(text.auid(row)),
    ...present({ time: time(row) }),
  };
}

const ACTIONS: Record<string, FileAction> = { creation: 'creation', rename: 'rename', modification: 'modification', deletion: 'deletion' };

/** Tickward's own table, as it went through osquery's log. */
function timerEvent(row: object): Row | undefined {
  const action = wordIn(ACTIONS, text.action(row));
  const sha256 = text.sha256(row);
  const target = text.symlink_target(row);
  return action && {
    id: text.eid(row),
    action,
    path: needed(path.own(row), 'path'),
    original: path.old(row),
    file: present({ uid: text.file_uid(row), gid: text.file_gid(row), mode: octal(text.mode(row)), size: count.size(row), inode: text.inode(row), type: target === undefined ? undefined : 'symlink' as const, target_path: target, hash: sha256 === undefined ? undefined : { sha256 } }),
    process: processOf(row),
    user: userOf(text.uid(row), text.username(row)),
    container: text.container_id(row),
    own: { attribution: attributionOf(text.attribution(row)), ancestry: ancestryOf(parsed(text.ancestry(row))), ...present({ auid: loginUid(text.auid(row)), cgroup: text.cgroup(row) }) },
    ...present({ time: time(row) }),
  };
}

function processOf(row: object): EcsProcess | undefined {
  const pid = count.pid(row);
  if (pid === undefined) return undefined;
  const executable = text.executable(row);
  const ppid = count.ppid(row);
  const [uid, gid] = [text.uid(row), text.gid(row)];
  return {
    pid,
    ...present({
      executable,
      name: text.process_name(row) ?? executable?.slice(executable.lastIndexOf('/') + 1),
      command_line: text.cmdline(row),
      working_directory: text.cwd(row),
      parent: ppid === undefined ? undefined : { pid: ppid },
      user: userOf(uid, text.username(row)),
      group: gid === undefined ? undefined : { id: gid },
    }),
  };
}

/** The kernel's word for nobody: (uid_t) -1, as osquery writes it in 32 and in 64 bits. */
const UNSET = new Set(['4294967295', '18446744073709551615', '-1']);

function loginUid(uid: string | undefined): string | undefined {
  return uid === undefined || UNSET.has(uid) ? undefined : uid;
}

function wordIn(words: Record<string, FileAction>, word: string | undefined): FileAction | undefined {
  return word !== undefined && Object.hasOwn(words, word) ? words[word] : undefined;
}

/** Undefined for what is no JSON. */
function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}
