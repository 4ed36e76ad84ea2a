/**
 * The two BPF programs: at every exec and at every fork they write down the image of the process.
 * They run on raw tracepoints and never wait. Needed: Linux 5.5 (the probe_read
 * helpers and start_boottime; raw tracepoints are of 4.17, BTF of 5.4), and a licence that the GPL agrees with.
 */
import { FIRST, ImageProgram, RECORD, SCRATCH, SECOND, STACK, TASK, type Maps, type Offsets } from './image-program.ts';
import { FIELDS, HOW, RECORD_LENGTH } from './record.ts';

/** sched_process_exec: the task, its thread's pid before, struct linux_binprm (include/trace/events/sched.h). */
const EXEC_ARGS = { TASK: 0, BINPRM: 16 } as const;
/** sched_process_fork: the parent, the child. */
const FORK_ARGS = { PARENT: 0, CHILD: 8 } as const;

/** At the end of a successful exec: the task has its new credentials, memory and comm, and a thread that did the exec has become its group's leader. */
export function execProgram(offsets: Offsets, maps: Maps): Buffer {
  return (
    new ImageProgram(offsets, maps)
      // r7 = the task, r8 = what is executed
      .load64(TASK, 'r1', EXEC_ARGS.TASK)
      .load64(SECOND, 'r1', EXEC_ARGS.BINPRM)
      .scratch(SCRATCH.EXEC)
      // The process that runs this is the one that called exec.
      .call('get_current_pid_tgid')
      .shr('r0', 32)
      .store32('fp', STACK.PID, 'r0')
      .describeTask(HOW.EXEC)
      // r6 = the file that was opened: the interpreter's for a script
      .copyText('path', SECOND, 'linux_binprm.interp')
      .follow(FIRST, SECOND, 'linux_binprm.file')
      .describeFile()
      .follow(FIRST, TASK, 'task_struct.mm')
      .describeArguments()
      // What this process was before. Its parent may have ended since the fork, so it is taken from there if that is of the same process.
      .lookup('current', STACK.PID)
      .jeq('r0', 0, 'put')
      .load64('r1', 'r0', FIELDS.start.offset)
      .load64('r2', RECORD, FIELDS.start.offset)
      .jne('r1', 'r2', 'keep')
      .load32('r1', 'r0', FIELDS.parent.offset)
      .store32(RECORD, FIELDS.parent.offset, 'r1')
      .label('keep')
      .update('previous', 'r0')
      .label('put')
      .update('current', RECORD)
      .label('out')
      .mov('r0', 0)
      .exit()
      .assemble()
  );
}

/** In the parent, before the child runs for the first time. */
export function forkProgram(offsets: Offsets, maps: Maps): Buffer {
  return (
    new ImageProgram(offsets, maps)
      // r8 = the parent's task, r7 = the child's
      .load64(SECOND, 'r1', FORK_ARGS.PARENT)
      .load64(TASK, 'r1', FORK_ARGS.CHILD)
      // A new thread is no new process.
      .read('fp', STACK.THREAD, 4, TASK, 'task_struct.pid')
      .read('fp', STACK.PID, 4, TASK, 'task_struct.tgid')
      .load32('r1', 'fp', STACK.THREAD)
      .load32('r2', 'fp', STACK.PID)
      .jne('r1', 'r2', 'out')
      .scratch(SCRATCH.FORK)
      // The child is what its parent is: copy the parent's record, which is kept under the pid of who calls fork.
      .call('get_current_pid_tgid')
      .shr('r0', 32)
      .store32('fp', STACK.PARENT, 'r0')
      .lookup('current', STACK.PARENT)
      .jeq('r0', 0, 'unknown')
      .mov('r1', RECORD)
      .mov('r2', RECORD_LENGTH)
      .mov('r3', 'r0')
      .call('probe_read_kernel')
      // It counts only if it was not overwritten while it was copied…
      .load32('r1', RECORD, FIELDS.pid.offset)
      .load32('r2', 'fp', STACK.PARENT)
      .jne('r1', 'r2', 'unknown')
      .load64('r1', RECORD, FIELDS.since.offset)
      .load64('r2', RECORD, FIELDS.seal.offset)
      .jne('r1', 'r2', 'unknown')
      // … and if it is not that of an older process with the same pid.
      .follow(SECOND, SECOND, 'task_struct.group_leader')
      .read('fp', STACK.POINTER, 8, SECOND, 'task_struct.start_boottime')
      .load64('r1', 'fp', STACK.POINTER)
      .load64('r2', RECORD, FIELDS.start.offset)
      .jeq('r1', 'r2', 'known')
      // The parent was there before us: look at its executable and arguments, which the child shares.
      .label('unknown')
      .store8(RECORD, FIELDS.path.offset, 0)
      .follow(FIRST, TASK, 'task_struct.mm')
      .follow(FIRST, FIRST, 'mm_struct.exe_file')
      .describeFile()
      .follow(FIRST, TASK, 'task_struct.mm')
      .describeArguments()
      .label('known')
      .describeTask(HOW.FORK)
      // An older process with this pid keeps its last image.
      .lookup('current', STACK.PID)
      .jeq('r0', 0, 'put')
      .update('previous', 'r0')
      .label('put')
      .update('current', RECORD)
      .label('out')
      .mov('r0', 0)
      .exit()
      .assemble()
  );
}
