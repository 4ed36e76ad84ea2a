/** What BPF and BTF are written in: commands, instructions and formats, with their header. All else of the kernel stands in src/host/kernel.ts. */

/** include/uapi/linux/bpf.h: enum bpf_cmd, enum bpf_map_type, enum bpf_prog_type, enum bpf_attach_type */
export const BPF = {
  MAP_CREATE: 0,
  MAP_LOOKUP_ELEM: 1,
  MAP_UPDATE_ELEM: 2,
  PROG_LOAD: 5,
  PROG_GET_NEXT_ID: 11,
  MAP_GET_NEXT_ID: 12,
  RAW_TRACEPOINT_OPEN: 17,
  LINK_CREATE: 28,
  ITER_CREATE: 33,
  MAP_TYPE_ARRAY: 2,
  MAP_TYPE_RINGBUF: 27,
  PROG_TYPE_RAW_TRACEPOINT: 17,
  PROG_TYPE_TRACING: 26,
  TRACE_FENTRY: 24,
  TRACE_FEXIT: 25,
  TRACE_ITER: 28,
  /** Longest name of a map or a program, without its NUL (BPF_OBJ_NAME_LEN). */
  NAME_LENGTH: 15,
} as const;

/** include/uapi/linux/bpf.h: byte offsets of the members of union bpf_attr, and how much of it each command uses. */
export const ATTR = {
  MAP_CREATE: { type: 0, keySize: 4, valueSize: 8, maxEntries: 12, name: 28, LENGTH: 48 },
  MAP_ELEM: { map: 0, key: 8, value: 16, LENGTH: 32 },
  PROG_LOAD: { type: 0, instructionCount: 4, instructions: 8, license: 16, logLevel: 24, logSize: 28, logBuffer: 32, name: 48, attachType: 68, attachFunction: 108, LENGTH: 112 },
  LINK_CREATE: { program: 0, attachType: 8, iterInfo: 16, iterInfoLength: 24, LENGTH: 28 },
  ITER_CREATE: { link: 0, LENGTH: 8 },
  RAW_TRACEPOINT: { name: 0, program: 8, LENGTH: 16 },
  GET_NEXT_ID: { start: 0, next: 4, LENGTH: 12 },
} as const;

/** include/uapi/linux/bpf.h: enum bpf_func_id. Those of the images are of Linux 5.5 at the latest, ringbuf_output is of 5.8. */
export const HELPERS = {
  map_lookup_elem: 1,
  ktime_get_ns: 5,
  get_current_pid_tgid: 14,
  probe_read_user: 112,
  probe_read_kernel: 113,
  probe_read_kernel_str: 115,
  ringbuf_output: 130,
} as const;

/** include/uapi/linux/bpf_common.h and bpf.h: the parts that an opcode is or-ed together from. */
export const OP = {
  // classes
  LD: 0x00,
  LDX: 0x01,
  ST: 0x02,
  STX: 0x03,
  JMP: 0x05,
  ALU64: 0x07,
  // the second operand is the immediate value, or the source register
  K: 0x00,
  X: 0x08,
  // width of a memory access: 8, 32 and 64 bits
  B: 0x10,
  W: 0x00,
  DW: 0x18,
  // addressing
  IMM: 0x00,
  MEM: 0x60,
  ATOMIC: 0xc0,
  // arithmetic
  ADD: 0x00,
  SUB: 0x10,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  MOV: 0xb0,
  // jumps
  JA: 0x00,
  JEQ: 0x10,
  JNE: 0x50,
  JLT: 0xa0,
  JLE: 0xb0,
  CALL: 0x80,
  EXIT: 0x90,
  // what an atomic access does, as its immediate value (Linux 5.12)
  XCHG: 0xe1,
  CMPXCHG: 0xf1,
  /** The source "register" of a 64-bit load that says that its value is a map's descriptor. */
  PSEUDO_MAP_FD: 1,
} as const;

export const INSTRUCTION_LENGTH = 8;

/** include/uapi/linux/btf.h: struct btf_header, struct btf_type, enum BTF_KIND_* */
export const BTF = {
  MAGIC: 0xeb9f,
  VERSION: 1,
  HEADER: { magic: 0, version: 2, length: 4, typesOffset: 8, typesLength: 12, stringsOffset: 16, stringsLength: 20, LENGTH: 24 },
  KIND: { INT: 1, PTR: 2, ARRAY: 3, STRUCT: 4, UNION: 5, ENUM: 6, FWD: 7, TYPEDEF: 8, VOLATILE: 9, CONST: 10, RESTRICT: 11, FUNC: 12, FUNC_PROTO: 13, VAR: 14, DATASEC: 15, FLOAT: 16, DECL_TAG: 17, TYPE_TAG: 18, ENUM64: 19 },
} as const;
