/**
 * The BPF programs that write down the image of a process, at every exec and at every fork, and that it got a second thread.
 * They run on raw tracepoints and never wait. Needed: Linux 5.5 (the probe_read
 * helpers and start_boottime; raw tracepoints are of 4.17, BTF of 5.4), and a licence that the GPL agrees with.
 */
import { CLONE_THREAD } from '../../host/kernel.ts';
import { ANYTHING, FIRST, IMAGE, ImageProgram, MARK, SECOND, STACK, TASK, type Offsets } from './image-program.ts';
import { FIELDS, HOW, IMAGE_LENGTH } from './record.ts';
import { TRY } from './tries.ts';

/** sched_process_exec: the task, its thread's pid before, struct linux_binprm (include/trace/events/sched.h). */
const EXEC_ARGS = { TASK: 0, THREAD: 8, BINPRM: 16 } as const;

/** sched_process_fork: the parent, the child. */
const FORK_ARGS = { PARENT: 0, CHILD: 8 } as const;

/** task_newtask (include/trace/events/task.h): the new task, the flags of clone(2) that it was made with. */
const NEW_TASK_ARGS = { TASK: 0, FLAGS: 8 } as const;

/** At the end of a successful exec: the task has its new credentials, memory and comm, and a thread that did the exec has become its group's leader. `tries`: the map of them, where there is one. */
export function execProgram(offsets: Offsets, records: number, tries?: number): Buffer {
  return (
    new ExecProgram(offsets, records)
      // r7 = the task, r8 = what is executed
      .load64(TASK, 'r1', EXEC_ARGS.TASK)
      .load64(SECOND, 'r1', EXEC_ARGS.BINPRM)
      .load64('r2', 'r1', EXEC_ARGS.THREAD)
      .store32('fp', STACK.THREAD, 'r2')
      // The process that runs this is the one that called exec. r9 = its new image, r6 = what it was before.
      .call('get_current_pid_tgid')
      .shr('r0', 32)
      .store32('fp', STACK.PID, 'r0')
      .open()
      .store32('fp', STACK.HOW, HOW.EXEC | HOW.AFTER_THREADS)
      // The parent may have ended since the fork: it is taken from before, if that is of the same process.
      .copy('start', TASK, 'task_struct.start_boottime')
      .load64('r1', IMAGE, FIELDS.start.offset)
      .load64('r2', FIRST, FIELDS.start.offset)
      .jne('r1', 'r2', 'unknown')
      .load32('r1', FIRST, FIELDS.pid.offset)
      .load32('r2', 'fp', STACK.PID)
      .jne('r1', 'r2', 'unknown')
      .ifFlagged(FIRST, HOW.LOST, 'unknown')
      // Its other threads have ended by now, and could do something until then.
      .ifFlagged(FIRST, HOW.THREADS, 'threads')
      .store32('fp', STACK.HOW, HOW.EXEC)
      .label('threads')
      .load32('r1', FIRST, FIELDS.parent.offset)
      .store32(IMAGE, FIELDS.parent.offset, 'r1')
      // What it has run so far is what it had, and the program before.
      .load32('r1', FIRST, FIELDS.generation.offset)
      .add('r1', 1)
      .store32(IMAGE, FIELDS.generation.offset, 'r1')
      .load64('r1', FIRST, FIELDS.ran.offset)
      .load64('r2', FIRST, FIELDS.mark.offset)
      .or('r1', 'r2')
      .store64(IMAGE, FIELDS.ran.offset, 'r1')
      .goto('known')
      .label('unknown')
      .store32(IMAGE, FIELDS.generation.offset, 1)
      .store64(IMAGE, FIELDS.ran.offset, 0)
      // Where another process wrote over what it had run, that may have been anything.
      .load64('r1', FIRST, FIELDS.since.offset)
      .jeq('r1', 0, 'neverKnown')
      .store64(IMAGE, FIELDS.ran.offset, ANYTHING)
      .label('neverKnown')
      .describeParent()
      .label('known')
      .describeTries(tries)
      .describeTask()
      // r6 = the file that was opened: the interpreter's for a script
      .copyText('path', SECOND, 'linux_binprm.interp')
      .follow(FIRST, SECOND, 'linux_binprm.file')
      .describeFile()
      .describeMark()
      .follow(FIRST, TASK, 'task_struct.mm')
      .describeArguments()
      .close()
      .assemble()
  );
}

class ExecProgram extends ImageProgram {
  /** What the program before had opened without running it. Now that this one runs, nothing more is kept of that. */
  describeTries(tries: number | undefined): this {
    if (tries === undefined) return this.store64(IMAGE, FIELDS.tried.offset, 0);
    return (
      this.lookup(STACK.PID, tries)
        .jeq('r0', 0, 'out')
        .mov('r3', ANYTHING)
        .load32('r1', 'fp', STACK.PID)
        .load32('r2', 'r0', TRY.pid)
        // Another process has written over it since.
        .jne('r1', 'r2', 'tried')
        .load64('r3', 'r0', TRY.before)
        .load32('r1', 'fp', STACK.THREAD)
        .load32('r2', 'r0', TRY.thread)
        .jeq('r1', 'r2', 'alone')
        // Another thread has tried as well, and which of them opened what is not known.
        .load64('r4', 'r0', TRY.now)
        .or('r3', 'r4')
        .label('alone')
        .store32('r0', TRY.pid, 0)
        .store64('r0', TRY.before, 0)
        .store64('r0', TRY.now, 0)
        .label('tried')
        .store64(IMAGE, FIELDS.tried.offset, 'r3')
        .load64('r1', IMAGE, FIELDS.ran.offset)
        .or('r1', 'r3')
        .store64(IMAGE, FIELDS.ran.offset, 'r1')
    );
  }

  /** Of the struct file in r6. */
  describeMark(): this {
    return this.store64(IMAGE, FIELDS.mark.offset, 0).mark('unmarked').store64(IMAGE, FIELDS.mark.offset, MARK).label('unmarked');
  }
}

/** In the parent, before the child runs for the first time. */
export function forkProgram(offsets: Offsets, records: number): Buffer {
  return (
    new ImageProgram(offsets, records)
      // r8 = the parent's task, r7 = the child's
      .load64(SECOND, 'r1', FORK_ARGS.PARENT)
      .load64(TASK, 'r1', FORK_ARGS.CHILD)
      .read('fp', STACK.THREAD, 4, TASK, 'task_struct.pid')
      .read('fp', STACK.PID, 4, TASK, 'task_struct.tgid')
      .load32('r1', 'fp', STACK.THREAD)
      .load32('r2', 'fp', STACK.PID)
      // A new thread is no new process.
      .jne('r1', 'r2', 'out')
      // r9 = the child's image. What an older process with its pid was last stays beside it.
      .open()
      .noteUse()
      // The child is what its parent is: copy the parent's image, which is kept under the pid of who calls fork.
      .call('get_current_pid_tgid')
      .shr('r0', 32)
      .store32('fp', STACK.PARENT, 'r0')
      .lookup(STACK.PARENT)
      .jeq('r0', 0, 'unknown')
      .newer('r0', 'parentFirst')
      .mov('r1', IMAGE)
      .mov('r2', IMAGE_LENGTH)
      .mov('r3', 'r0')
      .call('probe_read_kernel')
      // It counts only if it was whole…
      .load64('r1', IMAGE, FIELDS.since.offset)
      .load64('r2', IMAGE, FIELDS.seal.offset)
      .store64(IMAGE, FIELDS.seal.offset, 0)
      .jne('r1', 'r2', 'unknown')
      .load32('r1', IMAGE, FIELDS.pid.offset)
      .load32('r2', 'fp', STACK.PARENT)
      .jne('r1', 'r2', 'unknown')
      // … and if it is not that of an older process with the parent's pid.
      .follow(SECOND, SECOND, 'task_struct.group_leader')
      .follow('r1', SECOND, 'task_struct.start_boottime')
      .load64('r2', IMAGE, FIELDS.start.offset)
      .jne('r1', 'r2', 'unknown')
      .ifFlagged(IMAGE, HOW.LOST, 'unknown')
      // As far as its parent is known, so is it.
      .store32('fp', STACK.HOW, HOW.FORK)
      .ifFlagged(IMAGE, HOW.UNPROVEN, 'unproven')
      .goto('known')
      // The parent was there before us: look at its executable and arguments, which the child shares, and which in a user namespace of their own are what they like.
      .label('unknown')
      .store32('fp', STACK.HOW, HOW.FORK)
      .follow(FIRST, TASK, 'task_struct.cred')
      .follow(FIRST, FIRST, 'cred.user_ns')
      .read('fp', STACK.POINTER, 4, FIRST, 'user_namespace.level')
      .load32('r1', 'fp', STACK.POINTER)
      .jeq('r1', 0, 'ofTheHost')
      .label('unproven')
      .store32('fp', STACK.HOW, HOW.FORK | HOW.UNPROVEN)
      .label('ofTheHost')
      .store8(IMAGE, FIELDS.path.offset, 0)
      .follow(FIRST, TASK, 'task_struct.mm')
      .follow(FIRST, FIRST, 'mm_struct.exe_file')
      // A process in such a namespace may have shared its memory with this one, which is in none, and have set it there. A thread of the kernel has no program.
      .jeq(FIRST, 0, 'opened')
      .ifOpenedToRun('opened')
      .store32('fp', STACK.HOW, HOW.FORK | HOW.UNPROVEN)
      .label('opened')
      .describeFile()
      .follow(FIRST, TASK, 'task_struct.mm')
      .describeArguments()
      .label('known')
      // It has run nothing itself yet; but an older process with its number, of which soon nothing is left here, may have run anything a moment ago.
      .load32('r1', 'fp', STACK.USED)
      .store32(IMAGE, FIELDS.generation.offset, 'r1')
      .store64(IMAGE, FIELDS.ran.offset, 0)
      .jeq('r1', 0, 'unused')
      .store64(IMAGE, FIELDS.ran.offset, ANYTHING)
      .label('unused')
      .store64(IMAGE, FIELDS.mark.offset, 0)
      .store64(IMAGE, FIELDS.tried.offset, 0)
      .describeParent()
      .describeTask()
      .close()
      .assemble()
  );
}

/**
 * A new thread changes what is known of the process it is of. So do the workers that the kernel itself makes in a process, for io_uring: they do what they were told also
 * while the process goes on to another program, and sched_process_fork does not tell of them.
 */
export function threadProgram(offsets: Offsets, records: number): Buffer {
  return (
    new ImageProgram(offsets, records)
      .load64('r1', 'r1', NEW_TASK_ARGS.FLAGS)
      .and('r1', CLONE_THREAD)
      .jeq('r1', 0, 'out')
      .noteCaller()
      .lookup(STACK.PID)
      .jeq('r0', 0, 'out')
      .newer('r0', 'first')
      .load32('r1', 'r0', FIELDS.pid.offset)
      .load32('r2', 'fp', STACK.PID)
      .jne('r1', 'r2', 'out')
      .flag('r0', HOW.THREADS)
      .label('out')
      .mov('r0', 0)
      .exit()
      .assemble()
  );
}
