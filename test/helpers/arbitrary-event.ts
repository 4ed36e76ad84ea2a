/** Events of every shape that the model allows. */
import fc from 'fast-check';
import type { EcsProcess, EcsUser, FileEvent } from '../../src/model/event.ts';

/** Absent rather than undefined, as the model has it. */
function optional<Shape extends object>(shape: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }): fc.Arbitrary<Partial<Shape>> {
  return fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<Shape>>;
}

/** Also half of a surrogate pair, NUL and control characters. */
const text = fc.string({ unit: fc.oneof(fc.constantFrom('a', '.', ' ', "'", '"', '\\', '\0', '\u001f', 'é', '漢', '😀', '\ufffd', '\ud800', '\udc00'), fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))), maxLength: 12 });
const name = text.filter((value) => value !== '' && !value.includes('/'));
const digits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);

const bare = fc.record({ pid: fc.nat() }).chain(({ pid }) =>
  optional<Required<Omit<EcsProcess, 'pid' | 'parent'>>>({ executable: text, name: text, command_line: text, args: fc.array(text, { maxLength: 3 }), working_directory: text, start: text, user: user(), group: fc.record({ id: digits }) }).map((rest): EcsProcess => ({ pid, ...rest })),
);

/** A name without a number as another sensor may say it. */
function user(): fc.Arbitrary<EcsUser> {
  return fc.oneof({ weight: 4, arbitrary: fc.tuple(digits, optional({ name: text })).map(([id, rest]) => ({ id, ...rest })) }, { weight: 1, arbitrary: fc.record({ name: text }) });
}

const process: fc.Arbitrary<EcsProcess> = fc.tuple(bare, optional({ parent: bare })).map(([own, rest]) => ({ ...own, ...rest }));

const original = fc.tuple(text, text, optional({ extension: text })).map(([path, file, rest]) => ({ original: { path, name: file, ...rest } }));

const file: fc.Arbitrary<FileEvent['file']> = fc
  .tuple(
    fc.array(name, { maxLength: 3 }),
    name,
    fc.boolean(),
    optional<Required<Omit<FileEvent['file'], 'path' | 'directory' | 'name'>>>({ extension: text, type: fc.constantFrom('file', 'dir', 'symlink', 'fifo', 'socket', 'device'), size: fc.nat(), mode: text, uid: digits, gid: digits, owner: text, group: text, inode: digits, mtime: text, hash: fc.record({ sha256: text }), target_path: text, Ext: original }),
  )
  .map(([folders, own, isOdd, rest]) => {
    const directory = ['', ...folders].join('/');
    return { path: `${directory}/${own}`, directory: isOdd ? `${directory}/elsewhere` : directory, name: own, ...rest };
  });

const tickward: fc.Arbitrary<FileEvent['tickward']> = fc
  .tuple(
    fc.record({
      attribution: fc.constantFrom<FileEvent['tickward']['attribution']>('exact', 'bpf', 'proc', 'inferred', 'none'),
      source: fc.constantFrom<FileEvent['tickward']['source']>('fanotify', 'inotify', 'scan', 'import'),
      unit: text,
      unit_type: fc.constantFrom<FileEvent['tickward']['unit_type']>('timer', 'service', 'drop-in', 'wants', 'generator', 'other'),
      scope: fc.constantFrom<FileEvent['tickward']['scope']>('system', 'user'),
      ancestry: fc.array(fc.tuple(fc.nat(), optional({ name: text, executable: text, command_line: text })).map(([pid, rest]) => ({ pid, ...rest })), { maxLength: 3 }),
    }),
    optional({ attribution_note: text, auid: digits, cgroup: text, path_bytes: text, directives: fc.array(text, { maxLength: 3 }), commands: fc.array(text, { maxLength: 3 }), content_cut: fc.constant<true>(true) }),
  )
  .map(([own, rest]) => ({ ...own, ...rest }));

/** What only the file has, whoever made it. */
function saidOf({ path_bytes, directives, commands, content_cut }: FileEvent['tickward']): Partial<FileEvent['tickward']> {
  return { ...(path_bytes === undefined ? {} : { path_bytes }), ...(directives === undefined ? {} : { directives }), ...(commands === undefined ? {} : { commands }), ...(content_cut === undefined ? {} : { content_cut }) };
}

const host: fc.Arbitrary<FileEvent['host']> = fc.tuple(fc.record({ name: text, hostname: text, architecture: text, os: fc.record({ type: fc.constant('linux' as const), kernel: text }) }), optional({ id: text })).map(([own, rest]) => ({ ...own, ...rest }));

/** One process, and so on, for several events, as the sensor gives them. */
const makers = fc.array(fc.tuple(host, optional<{ process: EcsProcess; user: EcsUser; container: { id: string } }>({ process, user: user(), container: fc.record({ id: text }) }), tickward), { minLength: 1, maxLength: 4 });

/** With ids of their own, in an order of time that is not quite that of the list. */
export const arbitraryEvents: fc.Arbitrary<FileEvent[]> = makers.chain((shared) =>
  fc
    .array(fc.tuple(fc.constantFrom(...shared), file, tickward, fc.boolean(), fc.integer({ min: 0, max: 2_000_000_000_000 }), fc.constantFrom<FileEvent['event']['action']>('creation', 'rename', 'modification', 'deletion'), fc.constantFrom<FileEvent['event']['type']>(['creation'], ['change'], ['deletion']), name, fc.boolean()), { maxLength: 12 })
    .map((list) =>
      list.map(([[ofHost, by, common], ofFile, own, isNamed, time, action, type, id, isRound], index): FileEvent => ({
        '@timestamp': isRound ? new Date(time).toISOString().replace('.000Z', 'Z') : new Date(time).toISOString(),
        event: { id: `${id}-${index}`, kind: 'event', category: ['file'], type, action, dataset: 'tickward.file' },
        host: ofHost,
        file: ofFile,
        ...by,
        tickward: { ...common, source: own.source, unit: isNamed ? ofFile.name : own.unit, unit_type: own.unit_type, scope: own.scope, ...saidOf(own) },
      })),
    ),
);
