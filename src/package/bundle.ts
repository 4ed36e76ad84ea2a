/** The program in a few files instead of hundreds: finding and reading them is a quarter of the start of a command. For the packages of a host; npm's has the modules as they are. */
import { dirname, extname, join, relative } from 'node:path';
import { rolldown, type OutputOptions, type Plugin } from 'rolldown';
import { made, ROOT } from './build.ts';

/** Each lies where its source does, so that what is found from there is found from here. */
export interface Entries {
  format: 'cjs' | 'esm';
  files: readonly string[];
}

/** Node starts what is CommonJS 20 ms sooner: it asks the modules of its own for less. The last is the process that reads rules. */
const PROGRAMS: Entries = { format: 'cjs', files: ['src/cli/main', 'extension/main', 'src/playbooks/rules-reader'] };
/** In the programs' first line: what they load then comes from V8's cache. */
const FIRST: Entries = { format: 'cjs', files: ['src/package/v8-cache-use'] };
/** Loaded by their addresses: the thread of the embedded engine with tables of ours, and what others import. */
const MODULES: Entries = { format: 'esm', files: ['src/sql/embedded/worker', 'extension/tables/embedded', 'src/osquery/index'] };

/** They bring binaries, and look for them beside themselves. */
export const CARRIED = ['koffi', '@sqlite.org/sqlite-wasm'];

/** How the door to koffi (src/host/native.ts) loads it. */
const KOFFI = "createRequire(import.meta.url)('koffi')";
/** What koffi's own module finds and loads, after 5 ms of looking for what kind of host this is. */
const KOFFI_ITSELF = `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`;

const PARTS = 'src/parts';

/** Nothing beside it, and no garbage collected in the middle. */
const SAME_BYTES = ['--predictable', '--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Same sources, same bytes. `into` gets the files, of other programs of the repository too, and nothing else; throws where a module is missing. */
export async function bundle(into: string, others: readonly Entries[] = []): Promise<void> {
  for (const entries of [FIRST, PROGRAMS, MODULES, ...others]) {
    const found = await rolldown({
      input: Object.fromEntries(entries.files.map((file) => [file, `${ROOT}/${file}.ts`])),
      platform: 'node',
      external: [/^node:/, KOFFI_ITSELF, ...CARRIED.map((name) => new RegExp(`^${name}(/|$)`))],
      // From another part they would be asked for by a function each time.
      optimization: { inlineConst: { mode: 'all', pass: 1 } },
      plugins: [places(entries)],
      onLog: (level, log) => {
        if (level === 'warn') throw new Error(log.message);
      },
    });
    await found.write(outputOf(entries, into));
    await found.close();
  }
  await makeCaches(`${into}/${PARTS}`);
}

/** What V8 makes of each part in a directory, beside it. */
export async function makeCaches(directory: string): Promise<void> {
  await made(process.execPath, [...SAME_BYTES, join(import.meta.dirname, 'v8-cache-make.ts'), directory]);
}

function outputOf({ format }: Entries, into: string): OutputOptions {
  const extension = format === 'cjs' ? 'cjs' : 'js';
  return { dir: into, format, entryFileNames: `[name].${extension}`, chunkFileNames: `${PARTS}/[name]-[hash].${extension}`, charset: 'ascii', comments: { legal: true, annotation: false, jsdoc: false } };
}

/** Sources look for files from where they lie. In one file with others they would look from there: so they are told, from the root of what this file is in. */
function places({ format, files }: Entries): Plugin {
  return {
    name: 'places',
    transform(code, id) {
      if (!id.startsWith(`${ROOT}/`) || id.includes('/node_modules/') || extname(id) !== '.ts' || !code.includes('import.meta')) return null;
      const path = relative(ROOT, id).replace(/\.ts$/, '.js');
      const isProgram = format === 'cjs' && files.some((file) => path === `${file}.js`);
      return {
        code: (format === 'cjs' ? code.replaceAll(KOFFI, `require(${JSON.stringify(KOFFI_ITSELF)})`) : code)
          .replaceAll('import.meta.main', String(isProgram))
          .replaceAll('import.meta.dirname', placed(dirname(path)))
          .replaceAll('import.meta.filename', placed(path))
          .replaceAll('import.meta.url', `process.getBuiltinModule('node:url').pathToFileURL(${placed(path)}).href`),
      };
    },
    /** Where the root is from each part, which only now has its name. */
    renderChunk(code, { fileName, isEntry }) {
      const here = format === 'cjs' ? '__dirname' : 'import.meta.dirname';
      const root = relative(dirname(fileName), '.') || '.';
      const first = isEntry && files === PROGRAMS.files ? `require(${JSON.stringify(`${root}/${FIRST.files[0]}.cjs`)});\n` : '';
      return { code: `${first}${code.replaceAll(ROOT_OF_PROGRAM, `${here}, ${JSON.stringify(root)}`)}` };
    },
  };
}

const ROOT_OF_PROGRAM = 'ROOT_OF_PROGRAM';

function placed(path: string): string {
  return `process.getBuiltinModule('node:path').resolve(${ROOT_OF_PROGRAM}, ${JSON.stringify(path)})`;
}
