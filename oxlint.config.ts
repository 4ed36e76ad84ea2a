import { defineConfig, type OxlintOverride } from 'oxlint';

/** What each room of src/ may import of the others: the table in CONTRIBUTING.md. */
const ROOMS: Record<string, readonly string[]> = {
  model: [],
  host: ['model', 'exec'],
  sensor: ['model', 'host'],
  store: ['model'],
  rule: ['model'],
  ingest: ['model', 'rule'],
  guide: ['model'],
  osquery: ['model'],
  sql: ['model', 'host', 'osquery', 'exec'],
  timers: ['model', 'host', 'exec'],
  investigate: ['model', 'host', 'timers', 'guide', 'sql'],
  report: ['model', 'investigate'],
  actions: ['model', 'host', 'exec'],
  respond: ['model', 'host', 'store', 'rule', 'actions', 'exec', 'yaml', 'version'],
  fleet: ['model', 'exec'],
  watch: ['model', 'host', 'sensor', 'store', 'rule', 'ingest'],
  output: ['model', 'host', 'exec'],
  playbooks: ['model', 'guide', 'respond', 'rule'],
  package: ['model', 'exec', 'version'],
};

/** Dangerous packages, and who may import them. Those without anybody are for tests and benchmarks. */
const DOORS: Record<string, readonly string[]> = {
  thrift: [],
  'cli-table3': [],
  'execa|(?:node:)?child_process': ['exec', 'playbooks'],
  'inquirer|@inquirer/.*': ['ui'],
  'node:sqlite': ['store'],
  '@sqlite\\.org/sqlite-wasm': ['sql'],
  koffi: ['native'],
  // What `createRequire` gives no rule sees.
  '(?:node:)?module': ['native', 'package'],
  commander: ['cli'],
  pino: ['cli', 'extension'],
  'pino-pretty': ['cli'],
};

const PURE = ['model', 'rule', 'ingest', 'guide'];

/** Files of `src` itself. */
const FILES = ['exec', 'exec-sync', 'yaml', 'version'];

/** `who` may import its own files, `allowed`, and the packages that it is the door to. A later override of the same file takes the place of an earlier one. */
function only(who: string, allowed: readonly string[], files = `src/${who}/**/*.ts`): OxlintOverride {
  const packages = Object.keys(DOORS).filter((name) => DOORS[name]?.includes(who) !== true);
  const rooms = [...Object.keys(ROOMS), 'cli', 'extension', 'vendor'].filter((room) => room !== who && !allowed.includes(room));
  const modules = FILES.filter((file) => !allowed.includes(file.replace('-sync', '')));
  const patterns: object[] = [
    { regex: `^(?:${packages.join('|')})$`, message: 'another file is the door to this package: see CONTRIBUTING.md, Rooms' },
    { regex: `^(?:\\./)?(?:\\.\\./)*(?:src/)?(?:${rooms.join('|')})/`, message: 'data flows one way: see CONTRIBUTING.md, Rooms' },
    { group: ['**/extension/main.ts'], message: 'nothing imports the program' },
  ];
  if (modules.length > 0) patterns.push({ regex: `^(?:\\.\\./)+(?:src/)?(?:${modules.join('|')})\\.ts$`, message: 'data flows one way: see CONTRIBUTING.md, Rooms' });
  if (PURE.includes(who)) patterns.push({ group: ['node:*'], message: 'this room is pure: see CONTRIBUTING.md, Rooms' });
  if (who === 'report') patterns.push({ group: ['node:*', '!node:crypto', '**/investigate/*', '!**/investigate/result.ts'], message: 'this room is pure: see CONTRIBUTING.md, Rooms' });
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'promise', 'node', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['vendor/osquery/gen-nodejs/**', '**/*.generated.js', 'node_modules/**'],
  rules: {
    'import/no-cycle': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    eqeqeq: 'error',
    'no-control-regex': 'off',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true, destructuredArrayIgnorePattern: '^_' }],
    'promise/always-return': 'off',
    'import/no-named-as-default-member': 'off',
    'no-await-in-loop': 'off',
    'no-underscore-dangle': 'off',
    'import/no-unassigned-import': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/require-module-specifiers': 'off',
    'unicorn/require-post-message-target-origin': 'off',
    'unicorn/consistent-function-scoping': 'off',
  },
  overrides: [
    ...Object.entries(ROOMS).map(([room, allowed]) => only(room, allowed)),
    only('native', ['model', 'host', 'exec'], 'src/host/native.ts'),
    only('exec', ['model'], 'src/exec*.ts'),
    only('yaml', ['model'], 'src/yaml.ts'),
    only('version', [], 'src/version.ts'),
    // The program and the extension wire it all.
    only('cli', [...Object.keys(ROOMS), ...FILES, 'extension']),
    only('ui', [...Object.keys(ROOMS), ...FILES, 'extension'], 'src/cli/ui.ts'),
    only('extension', [...Object.keys(ROOMS), ...FILES], 'extension/**/*.ts'),
    { files: ['test/**/*.ts'], rules: { 'typescript/no-non-null-assertion': 'off' } },
  ],
});
