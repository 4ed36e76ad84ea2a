/** The one door to koffi: functions of libc that Node does not have. It is loaded when the first of them is asked for: most commands ask for none. */
import { createRequire } from 'node:module';
import type koffi from 'koffi';
import type { LibraryHandle } from 'koffi';

type Koffi = typeof koffi;

let loaded: Koffi | undefined;
let libc: LibraryHandle | undefined;
let names: ReadonlyMap<number, string> | undefined;

/** By this very line src/package/bundle.ts knows what to load instead in the programs of a host: the binary alone. */
function native(): Koffi {
  return (loaded ??= createRequire(import.meta.url)('koffi') as Koffi);
}

/** By its prototype in C; `_Out_` and `_Inout_` are koffi's words for what the call writes to. Throws where koffi has no build for this machine. */
export function libcFunction(prototype: string): ReturnType<LibraryHandle['func']> {
  libc ??= native().load(null);
  return libc.func(prototype);
}

/** Of the last call; it has to be read before any other. */
export function errno(): number {
  return native().errno();
}

/** `ENOENT` for 2. */
export function errnoName(code: number): string {
  names ??= new Map(Object.entries(native().os.errno).filter(([name]) => !SYNONYMS.includes(name)).map(([name, value]) => [value, name]));
  return names.get(code) ?? `errno ${code}`;
}

/** Of names of one number the kernel's own is told. */
const SYNONYMS: readonly string[] = ['EDEADLOCK', 'ENOTSUP', 'EWOULDBLOCK'];

/** Where the bytes are, for structs of the kernel that point to them. They have to be kept until the call is over. */
export function addressOf(buffer: Buffer): bigint {
  return native().address(buffer);
}

/** Calls back when something can be read, or for `exceptional` at an exceptional state (poll(2), POLLPRI). The callback must not throw: koffi would never call it again. A handle that is collected stops silently. */
export function pollDescriptor(fd: number, what: 'readable' | 'exceptional', callback: () => void): { close(): void } {
  return native().node.poll(fd, what === 'readable' ? { readable: true } : { disconnect: true }, callback);
}
