/** What the BPF programs are made of: the blocks that write one part of a record each. */
import { AUDIT_SID_UNSET, AUDIT_UID_UNSET, FMODE_EXEC } from '../../host/kernel.ts';
import { Assembler, type Register } from './assembler.ts';
import { BpfError } from './error.ts';
import { ARGS_LIMIT, FIELDS, HOW, IMAGE_LENGTH, SLOTS, type Field } from './record.ts';

/** Members of kernel structs that the programs read. A kernel may be built without the last six (CONFIG_AUDIT, CONFIG_CGROUPS). */
export const MEMBERS = [
  'task_struct.pid',
  'task_struct.tgid',
  'task_struct.real_parent',
  'task_struct.group_leader',
  'task_struct.start_boottime',
  'task_struct.comm',
  'task_struct.cred',
  'task_struct.mm',
  'cred.uid',
  'cred.euid',
  'cred.egid',
  'cred.user_ns',
  'user_namespace.level',
  'mm_struct.arg_start',
  'mm_struct.arg_end',
  'mm_struct.exe_file',
  'linux_binprm.file',
  'linux_binprm.interp',
  'file.f_inode',
  'file.f_path.dentry',
  'file.f_flags',
  'dentry.d_name.name',
  'dentry.d_name.hash',
  'dentry.d_parent',
  'dentry.d_inode',
  'inode.i_ino',
  'inode.i_nlink',
  'inode.i_mode',
  'inode.i_dentry.first',
  'inode.i_sb',
  'super_block.s_dev',
  'super_block.s_magic',
  'task_struct.loginuid',
  'task_struct.sessionid',
  'task_struct.cgroups',
  'css_set.dfl_cgrp',
  'cgroup.kn',
  'kernfs_node.id',
] as const;

export type Member = (typeof MEMBERS)[number];
/** Byte offsets of the members in this kernel. */
export type Offsets = ReadonlyMap<Member, number>;

/** What the registers that survive a call hold. */
export const FIRST: Register = 'r6'; // whatever is looked at: a mm, a file, credentials
export const TASK: Register = 'r7'; // struct task_struct of the process that is written down
export const SECOND: Register = 'r8'; // whatever is looked at beside it
export const IMAGE: Register = 'r9'; // the image that is written, in its record
export const MARK: Register = 'r8'; // where there is no second thing to look at: the mark of a file

/** All 64 marks. */
export const ANYTHING = -1;

/** What the stack holds, as offsets from its end. */
export const STACK = { SLOT: -4, PID: -8, POINTER: -16, PARENT: -24, THREAD: -28, USED: -32, HOW: -36 } as const;

/** Where the two images of a record keep the time they began. */
const SINCE = [FIELDS.since.offset, IMAGE_LENGTH + FIELDS.since.offset] as const;

const CONTROL_GROUP_MEMBERS = ['task_struct.cgroups', 'css_set.dfl_cgrp', 'cgroup.kn', 'kernfs_node.id'] as const;

/** The blocks that the programs are made of. A read that fails gives zeroes, and what follows a null pointer likewise. */
export class ImageProgram extends Assembler {
  readonly #offsets: Offsets;
  readonly #records: number;

  /** `records`: descriptor of the array with a record for each slot. */
  constructor(offsets: Offsets, records: number) {
    super();
    this.#offsets = offsets;
    this.#records = records;
  }

  /** Process and thread of who runs this, onto the stack. */
  noteCaller(): this {
    return this.call('get_current_pid_tgid').store32('fp', STACK.THREAD, 'r0').shr('r0', 32).store32('fp', STACK.PID, 'r0');
  }

  /** r0 = the record of the slot of the process whose number is on the stack. There always is one, but the verifier wants to see 0 looked for. */
  lookup(pid: number, records = this.#records): this {
    return this.load32('r1', 'fp', pid).and('r1', SLOTS - 1).store32('fp', STACK.SLOT, 'r1').map('r1', records).mov('r2', 'fp').add('r2', STACK.SLOT).call('map_lookup_elem');
  }

  /** r9 = the older image in the record of the process, r6 = the newer. They may be of other processes that have the same slot. */
  open(): this {
    return (
      this.lookup(STACK.PID)
        .jeq('r0', 0, 'out')
        // r6 = the image that began last, r9 = the other one
        .mov(FIRST, 'r0')
        .newer(FIRST, 'first')
        .mov(IMAGE, 'r0')
        .jne(FIRST, 'r0', 'older')
        .add(IMAGE, IMAGE_LENGTH)
        .label('older')
        // Another process of this slot is just being written down, on another processor: two that write would give a mixture.
        .load64('r1', IMAGE, FIELDS.seal.offset)
        .jne('r1', 0, 'free')
        .load64('r1', IMAGE, FIELDS.since.offset)
        .jeq('r1', 0, 'free')
        // What this one was last is no longer what it is.
        .load32('r1', FIRST, FIELDS.pid.offset)
        .load32('r2', 'fp', STACK.PID)
        .jne('r1', 'r2', 'out')
        .flag(FIRST, HOW.LOST)
        .goto('out')
        .label('free')
        // From here on it does not count, until `close`.
        .store64(IMAGE, FIELDS.seal.offset, 0)
    );
  }

  /** Adds to how an image came to be. */
  flag(image: Register, how: number): this {
    return this.load32('r1', image, FIELDS.how.offset).or('r1', how).store32(image, FIELDS.how.offset, 'r1');
  }

  /** To the label where that is so of an image. */
  ifFlagged(image: Register, how: number, label: string): this {
    return this.load32('r1', image, FIELDS.how.offset).and('r1', how).jne('r1', 0, label);
  }

  /** Whether the slot has an image of an older process with this number (1 on the stack) or none (0). After `open`. */
  noteUse(): this {
    return this.load32('r2', 'fp', STACK.PID)
      .mov('r3', 1)
      .load32('r1', FIRST, FIELDS.pid.offset)
      .jeq('r1', 'r2', 'used')
      .load32('r1', IMAGE, FIELDS.pid.offset)
      .jeq('r1', 'r2', 'used')
      .mov('r3', 0)
      .label('used')
      .store32('fp', STACK.USED, 'r3');
  }

  /** record = the newer of its two images. Uses r1 and r2; `name` is for its label. */
  newer(record: Register, name: string): this {
    return this.load64('r1', record, SINCE[0]).load64('r2', record, SINCE[1]).jlt('r2', 'r1', name).add(record, IMAGE_LENGTH).label(name);
  }

  /** The image begins now, and counts. */
  close(): this {
    return this.call('ktime_get_ns').store64(IMAGE, FIELDS.since.offset, 'r0').store64(IMAGE, FIELDS.seal.offset, 'r0').label('out').mov('r0', 0).exit();
  }

  /** `size` bytes at target + offset = pointer->member */
  read(target: Register, offset: number, size: number, pointer: Register, member: Member): this {
    return this.mov('r1', target).add('r1', offset).mov('r2', size).mov('r3', pointer).add('r3', this.#offset(member)).call('probe_read_kernel');
  }

  /** destination = pointer->member, an address or a number of 8 bytes */
  follow(destination: Register, pointer: Register, member: Member): this {
    return this.read('fp', STACK.POINTER, 8, pointer, member).load64(destination, 'fp', STACK.POINTER);
  }

  /** image.field = pointer->member */
  copy(field: Field, pointer: Register, member: Member): this {
    return this.read(IMAGE, FIELDS[field].offset, FIELDS[field].size, pointer, member);
  }

  /** image.field = the text that pointer->member points to, cut to fit */
  copyText(field: Field, pointer: Register, member: Member): this {
    return this.follow('r3', pointer, member).mov('r1', IMAGE).add('r1', FIELDS[field].offset).mov('r2', FIELDS[field].size).call('probe_read_kernel_str');
  }

  /** What the task itself says, but for its parent; how it came to be is on the stack. Uses r6. */
  describeTask(): this {
    return this.load32('r1', 'fp', STACK.HOW)
      .store32(IMAGE, FIELDS.how.offset, 'r1')
      .load32('r1', 'fp', STACK.PID)
      .store32(IMAGE, FIELDS.pid.offset, 'r1')
      .copy('start', TASK, 'task_struct.start_boottime')
      .copy('comm', TASK, 'task_struct.comm')
      .follow(FIRST, TASK, 'task_struct.cred')
      .copy('uid', FIRST, 'cred.euid')
      .copy('gid', FIRST, 'cred.egid')
      .copy('ruid', FIRST, 'cred.uid')
      .#describeLogin()
      .#describeControlGroup();
  }

  /** The parent that the task has now. Uses r6. */
  describeParent(): this {
    return this.follow(FIRST, TASK, 'task_struct.real_parent').copy('parent', FIRST, 'task_struct.tgid');
  }

  /** To the label where the kernel itself opened the struct file in r6 to run it. */
  ifOpenedToRun(label: string): this {
    return this.read('fp', STACK.POINTER, 4, FIRST, 'file.f_flags').load32('r1', 'fp', STACK.POINTER).and('r1', FMODE_EXEC).jne('r1', 0, label);
  }

  /** Device, inode, links and name of the struct file in r6. Uses r8. */
  describeFile(): this {
    return this.follow(SECOND, FIRST, 'file.f_inode')
      .copy('inode', SECOND, 'inode.i_ino')
      .copy('nlink', SECOND, 'inode.i_nlink')
      .follow(SECOND, SECOND, 'inode.i_sb')
      .copy('device', SECOND, 'super_block.s_dev')
      .follow(SECOND, FIRST, 'file.f_path.dentry')
      .copyText('name', SECOND, 'dentry.d_name.name');
  }

  /** r8 = a bit for the name of the struct file in r6, in its directory: two files of one name there have the same. Without a file it goes to the label. */
  mark(without: string): this {
    return this.follow(SECOND, FIRST, 'file.f_path.dentry')
      .jeq(SECOND, 0, without)
      .read('fp', STACK.POINTER, 4, SECOND, 'dentry.d_name.hash')
      .load32('r2', 'fp', STACK.POINTER)
      .and('r2', 63)
      .mov(MARK, 1)
      .shl(MARK, 'r2');
  }

  /** The arguments of the struct mm_struct in r6, out of the memory of the process that runs this. Uses r8. */
  describeArguments(): this {
    return (
      this.follow(SECOND, FIRST, 'mm_struct.arg_start')
        .follow('r2', FIRST, 'mm_struct.arg_end')
        // r2 = their length, or ARGS_LIMIT for more
        .sub('r2', SECOND)
        .jle('r2', ARGS_LIMIT - 1, 'fits')
        .mov('r2', ARGS_LIMIT)
        .label('fits')
        .store32(IMAGE, FIELDS.argsLength.offset, 'r2')
        // The mask tells old verifiers what the comparison did.
        .jle('r2', ARGS_LIMIT - 1, 'bounded')
        .mov('r2', ARGS_LIMIT - 1)
        .label('bounded')
        .and('r2', ARGS_LIMIT - 1)
        .mov('r1', IMAGE)
        .add('r1', FIELDS.args.offset)
        .mov('r3', SECOND)
        .call('probe_read_user')
        // Memory that is swapped out cannot be read here.
        .jeq('r0', 0, 'argumentsRead')
        .store32(IMAGE, FIELDS.argsLength.offset, 0)
        .label('argumentsRead')
    );
  }

  #describeLogin(): this {
    for (const [field, member, unset] of [['auid', 'task_struct.loginuid', AUDIT_UID_UNSET], ['session', 'task_struct.sessionid', AUDIT_SID_UNSET]] as const) {
      if (this.#offsets.has(member)) this.copy(field, TASK, member);
      else this.store32(IMAGE, FIELDS[field].offset, unset | 0);
    }
    return this;
  }

  /** Of the task, not of who runs this: a child may be made right into another control group (CLONE_INTO_CGROUP). */
  #describeControlGroup(): this {
    if (!CONTROL_GROUP_MEMBERS.every((member) => this.#offsets.has(member))) return this.store64(IMAGE, FIELDS.cgroup.offset, 0);
    return this.follow(FIRST, TASK, 'task_struct.cgroups').follow(FIRST, FIRST, 'css_set.dfl_cgrp').follow(FIRST, FIRST, 'cgroup.kn').copy('cgroup', FIRST, 'kernfs_node.id');
  }

  #offset(member: Member): number {
    const offset = this.#offsets.get(member);
    if (offset === undefined) throw new BpfError('BTF', `this kernel has no ${member}`, 'use Linux 5.5 or newer');
    return offset;
  }
}
