/** The packages, built once: what is in them, twice the same bytes, and a host on which nothing else is installed. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { boot, noBoot, prepareBase, type Booted } from '../helpers/booted.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextOf, playManager } from '../helpers/manager.ts';
import { buildPackages, FOR_DEB, noPackages } from '../helpers/packages.ts';
import { PATIENCE_MS } from '../helpers/service.ts';
import type { StringMap } from '../../src/osquery/types.ts';
import { until } from '../helpers/until.ts';

const run = promisify(execFile);
const REPOSITORY = join(import.meta.dirname, '../..');
/** 15 s of one processor, which may have much else to do. */
const BUILD_MS = 600_000;

const noTools = noPackages([...FOR_DEB, ['rpmbuild', 'rpm']]);

/** As osquery numbers it. */
const EQUALS = 2;
/** On the host. */
const DEB = '/tmp/tickward.deb';
/** Of what packages bring and their programs write. */
const LIST = 'find /etc /usr /var/lib -xdev -not -path "/var/lib/dpkg/*" -not -path "/var/lib/systemd/*" -not -path "/var/lib/rpm*" | sort';

let directory = '';
let names: string[] = [];
const named = (ending: string): string => names.find((name) => name.endsWith(ending)) ?? `no ${ending} among ${names.join(', ')}`;
const built = (ending: string): string => join(directory, named(ending));

/** Were the package without types, the error that is expected would not be there. */
const HELLO = `import { equals, runExtension, tablePlugin, type Row, type Table } from 'tickward/osquery';

const hello: Table = { name: 'hello', description: 'greets', columns: [{ name: 'greeting', type: 'TEXT' }], generate: (context): Row[] => equals(context, 'greeting').map((greeting) => ({ greeting })) };
// @ts-expect-error osquery has no such type of column
hello.columns.map((column): typeof column => ({ ...column, type: 'STRING' }));
await runExtension({ name: 'hello', version: '1.0.0', plugins: [tablePlugin(hello)] });
`;

/** A newer version of the same, with another default configuration. */
function nextRpm(path: string): string {
  const work = temporaryDirectory();
  const tree = join(work, 'tree');
  const done = (program: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program}: ${stderr}`);
  };
  mkdirSync(tree);
  done('rpm', '--root', tree, '--dbpath', '/database', '--nodeps', '--noscripts', '--install', path);
  rmSync(join(tree, 'database'), { recursive: true });
  renameSync(join(tree, 'usr/share/zsh/site-functions'), join(tree, 'usr/share/zsh/vendor-completions'));
  appendFileSync(join(tree, 'etc/tickward/config.yaml'), '# newer\n');
  done('rpmbuild', '-bb', '--quiet', ...Object.entries({ _topdir: work, _binary_payload: 'w0.ufdio', tree, package_version: '99.0.0' }).flatMap(([name, value]) => ['--define', `${name} ${value}`]), join(REPOSITORY, 'src/package/rpm/tickward.spec'));
  const made = join(work, 'RPMS', readdirSync(join(work, 'RPMS'))[0] ?? '');
  return join(made, readdirSync(made)[0] ?? '');
}

interface Osquery {
  /** The row of the creation, once it is there. */
  row(path: string): Promise<StringMap>;
  /** Tells the extension that osquery ends. Gives its exit code. */
  end(): Promise<number | null>;
}

/** The installed extension, started as osqueryd does: almost no environment, and a manager on a socket of the host, played from outside. */
async function throughOsquery(host: Booted): Promise<Osquery> {
  host.shell('mkdir -p /run/osquery');
  const manager = await playManager(join(host.root, 'run/osquery'));
  onTestFinished(() => manager.close());
  const registered = manager.nextRegistration();
  const child = spawn('env', [...host.enter, 'env', '-i', '/usr/lib/osquery/extensions/systemd_timer_events.ext', '--verbose', '--socket', '/run/osquery/em', '--timeout', '20', '--interval', '3'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const uuid = await Promise.race([registered, ended.then(() => Promise.reject(new Error(said)))]);
  return {
    async row(path) {
      let row: StringMap | undefined;
      await until(async () => {
        const { status, response } = await manager.ask(uuid, 'systemd_timer_events', contextOf(['path', EQUALS, path], ['action', EQUALS, 'creation']));
        if (status.code !== 0) throw new Error(status.message);
        row = response[0];
        return row !== undefined;
      }, () => `a row for ${path}: ${said}`, PATIENCE_MS);
      return row ?? {};
    },
    async end() {
      await manager.shutdown(uuid);
      return ended;
    },
  };
}

describe.skipIf(noTools !== undefined)(`packages${noTools === undefined ? '' : `: ${noTools}`}`, () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tickward-packages-'));
    await buildPackages(directory);
    names = readdirSync(directory).sort();
  }, BUILD_MS);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('are a .deb, an .rpm, npm\'s tarball, what is in them, and the checksums of all', () => {
    expect(names.map((name) => name.replace(/[-_]\d+\.\d+\.\d+/, ''))).toEqual(expect.arrayContaining(['SHA256SUMS', 'tickward.cdx.json', 'tickward.tgz']));
    expect(spawnSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: directory, encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(join(directory, 'SHA256SUMS'), 'utf8').trim().split('\n')).toHaveLength(names.length - 1);
    const bom = JSON.parse(readFileSync(built('.cdx.json'), 'utf8')) as { bomFormat: string; metadata: { component: { name: string } }; components: { name: string; version: string }[] };
    expect(bom.bomFormat).toBe('CycloneDX');
    // Not the name of the directory, which is another in another checkout.
    expect(bom.metadata.component.name).toBe('tickward');
    // All that the .deb carries, and nothing else: the licences of each are told there too.
    const copyright = spawnSync('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | tar --extract --to-stdout ./usr/share/doc/tickward/copyright', 'sh', built('.deb')], { encoding: 'utf8' }).stdout;
    const carried = new Set([...copyright.matchAll(/^node_modules\/(\S+) (\S+): /gm)].map(([, path = '', version = '']) => `${path.replace(/^.*node_modules\//, '')}@${version}`));
    expect([...carried]).toEqual(expect.arrayContaining([expect.stringMatching(/^yaml@/), expect.stringMatching(/^node-linux-/)]));
    expect(bom.components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([...carried].sort());
  });

  test('have the same bytes when somebody else builds them', async () => {
    const again = temporaryDirectory();
    await buildPackages(again, { umask: '0002' });
    expect(readFileSync(join(again, 'SHA256SUMS'), 'utf8')).toBe(readFileSync(join(directory, 'SHA256SUMS'), 'utf8'));
  }, BUILD_MS);

  test('hold what belongs there, owned by root, and nothing that others may write', () => {
    const listed = spawnSync('dpkg-deb', ['--contents', built('.deb')], { encoding: 'utf8', maxBuffer: 1e8 }).stdout.trim().split('\n').map((line) => line.split(/\s+/));
    const paths = listed.map((fields) => fields.slice(5).join(' ').replace(/ -> .*/, ''));
    for (const path of ['usr/bin/tickward', 'usr/lib/osquery/extensions/systemd_timer_events.ext', 'usr/lib/systemd/system/tickward.service', 'usr/share/man/man1/tickward.1.gz', 'usr/share/bash-completion/completions/tickward', 'usr/share/zsh/vendor-completions/_tickward', 'usr/share/fish/vendor_completions.d/tickward.fish', 'usr/share/doc/tickward/sbom.cdx.json', 'etc/tickward/config.yaml']) expect(paths).toContain(`./${path}`);
    expect(listed.filter(([mode = '', owner]) => owner !== 'root/root' || (!mode.startsWith('l') && (mode[5] === 'w' || mode[8] === 'w')))).toEqual([]);
    expect(paths.filter((path) => /vitest|typescript|\.ts$/.test(path))).toEqual([]);
    const inRpm = spawnSync('rpm', ['--query', '--package', '--list', built('.rpm')], { encoding: 'utf8', maxBuffer: 1e8 }).stdout.trim().split('\n');
    const files = (all: readonly string[]): string[] => all.map((path) => path.replace(/^\.?\//, '').replace(/\/$/, '').replace('zsh/vendor-completions', 'zsh/site-functions')).filter((path) => path.startsWith('usr/lib/tickward/') || path.includes('_tickward')).sort();
    expect(files(inRpm)).toEqual(files(paths));
    expect(spawnSync('rpm', ['--query', '--package', '--configfiles', built('.rpm')], { encoding: 'utf8' }).stdout).toBe('/etc/tickward/config.yaml\n');
  });

  test("npm's tarball runs from an empty directory, and a strict program in TypeScript can be written with its SDK", async ({ skip }) => {
    const empty = temporaryDirectory();
    writeFileSync(join(empty, 'package.json'), '{ "private": true }\n');
    const installed = await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', built('.tgz')], { cwd: empty }).catch((error: unknown) => String(error));
    if (typeof installed === 'string' && /EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(installed)) skip('no registry answers');
    expect(installed).toMatchObject({ stderr: expect.not.stringContaining('ERR!') as string });
    const { stdout } = await run('npx', ['--no-install', 'tickward', 'query', '--engine', 'embedded', '--json', 'SELECT 6 * 7 AS answer'], { cwd: empty });
    expect(stdout).toBe('[{"answer":"42"}]\n');

    writeFileSync(join(empty, 'hello.mts'), HELLO);
    writeFileSync(join(empty, 'tsconfig.json'), JSON.stringify({ compilerOptions: { target: 'es2024', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true, typeRoots: [join(REPOSITORY, 'node_modules/@types')], types: ['node'] }, files: ['hello.mts'] }));
    const checked = spawnSync(process.execPath, [join(REPOSITORY, 'node_modules/typescript/bin/tsc'), '--project', empty], { encoding: 'utf8' });
    expect({ status: checked.status, said: checked.stdout }).toEqual({ status: 0, said: '' });
    expect(spawnSync(process.execPath, [join(empty, 'hello.mts')], { encoding: 'utf8' })).toMatchObject({ status: 2, stderr: expect.stringContaining('hello: osquery starts this with --socket PATH') as string });
    // The same as docs/osquery.md has it, for who follows that word by word.
    const docs = join(empty, 'docs');
    mkdirSync(docs);
    const blockOf = (file: string): string => readFileSync(join(REPOSITORY, 'docs/osquery.md'), 'utf8').split(`\`${file}\``)[1]?.split(/```(?:\w*\n)?/)[1] ?? '';
    for (const file of ['tsconfig.json', 'hello.ts', 'hello.ext']) writeFileSync(join(docs, file), blockOf(file).replace('/usr/bin/node', process.execPath));
    writeFileSync(join(docs, 'package.json'), '{"type":"module"}');
    mkdirSync(join(docs, 'node_modules'));
    symlinkSync(join(REPOSITORY, 'node_modules/@types'), join(docs, 'node_modules/@types'));
    const followed = spawnSync(process.execPath, [join(REPOSITORY, 'node_modules/typescript/bin/tsc'), '--project', docs], { encoding: 'utf8' });
    expect({ status: followed.status, said: followed.stdout }).toEqual({ status: 0, said: '' });
    expect(spawnSync('sh', [join(docs, 'hello.ext')], { encoding: 'utf8' })).toMatchObject({ status: 2, stderr: expect.stringContaining('hello: osquery starts this with --socket PATH') as string });
  }, 300_000);

  describe.skipIf(noBoot !== undefined)('on a booted host without Node and without a network', () => {
    let noBase: string | undefined;
    beforeAll(() => {
      noBase = prepareBase();
    }, 300_000);

    const dpkg = (host: Booted, ...args: string[]): void => {
      const { status, stdout, stderr } = host.run(['dpkg', ...args], { timeout: 120_000 });
      if (status !== 0) throw new Error(`dpkg ${args.join(' ')}: ${stdout}${stderr}`);
    };
    const active = (host: Booted): string => host.run(['systemctl', 'is-active', 'tickward.service']).stdout.trim();
    const log = (host: Booted): string => host.run(['journalctl', '--unit=tickward', '--output=cat', '--no-pager']).stdout;

    test('the .deb starts the service, which sees; what it sees is a row over the socket of the extension, and is taken out; upgrade keeps, removal keeps state, purge leaves nothing', async ({ skip }) => {
      if (noBase !== undefined) skip(noBase);
      const host = await boot(onTestFinished, { checkout: false });
      expect(host.shell('command -v node npm || echo none; ls /opt').stdout).toBe('none\n');
      cpSync(built('.deb'), join(host.root, DEB));
      const before = host.shell(LIST).stdout;

      dpkg(host, '--install', DEB);
      await until(() => log(host).includes('judging by'), () => `the service: ${log(host)}`, PATIENCE_MS);
      expect(host.run(['tickward', '--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
      expect(host.run(['systemctl', 'is-enabled', 'tickward.service']).stdout).toBe('enabled\n');

      const { row, end } = await throughOsquery(host);
      // It lives until it is seen: in a container a process that is gone is not always known.
      host.shell(`sh -c "printf '[Service]\\nExecStart=/bin/true\\n' > /etc/systemd/system/evil.service; printf '[Timer]\\nOnCalendar=daily\\n[Install]\\nWantedBy=timers.target\\n' > /etc/systemd/system/evil.timer; until [ -e /tmp/seen ]; do sleep 0.1; done" >/dev/null 2>&1 &`);
      expect(await row('/etc/systemd/system/evil.timer')).toMatchObject({ action: 'creation', unit: 'evil.timer', executable: '/usr/bin/dash', username: 'root' });
      host.shell('touch /tmp/seen');
      const rows = (): string => host.run(['tickward', 'query', '--engine', 'embedded', '--json', "SELECT path, executable FROM systemd_timer_events WHERE path = '/etc/systemd/system/evil.timer' AND action = 'creation'"]).stdout;
      expect(JSON.parse(rows())).toEqual([{ path: '/etc/systemd/system/evil.timer', executable: '/usr/bin/dash' }]);
      const response = host.run(['tickward', 'respond', '--file', '/etc/systemd/system/evil.timer', '--only', 'remove', '--yes', '--json']);
      expect({ code: response.status, said: response.stderr, there: host.shell('ls /etc/systemd/system | grep evil || true').stdout }).toMatchObject({ code: 0, there: '' });
      expect(await end()).toBe(0);

      // What an upgrade brings is a newer version of the same, with another default configuration.
      const kept = '# mine\nlang: zh-CN\n';
      host.shell(`printf '${kept.replaceAll('\n', '\\n')}' > /etc/tickward/config.yaml; mkdir /tmp/next; dpkg-deb --raw-extract ${DEB} /tmp/next; sed -i 's/^Version: .*/Version: 99.0.0/' /tmp/next/DEBIAN/control; echo '# newer' >> /tmp/next/etc/tickward/config.yaml; dpkg-deb -Zgzip -z1 --build /tmp/next /tmp/next.deb`);
      const pid = host.run(['systemctl', 'show', '--value', '--property=MainPID', 'tickward.service']).stdout;
      dpkg(host, '--force-confold', '--install', '/tmp/next.deb');
      expect(host.shell("dpkg-query --show --showformat='${Version}' tickward; cat /etc/tickward/config.yaml").stdout).toBe(`99.0.0${kept}`);
      expect(active(host)).toBe('active');
      expect(host.run(['systemctl', 'show', '--value', '--property=MainPID', 'tickward.service']).stdout).not.toBe(pid);
      expect(rows()).toContain('evil.timer');

      dpkg(host, '--remove', 'tickward');
      expect(active(host)).toBe('inactive');
      expect(host.shell('ls -d /usr/lib/tickward /usr/bin/tickward /var/lib/tickward /etc/tickward/config.yaml 2>/dev/null || true').stdout).toBe('/etc/tickward/config.yaml\n/var/lib/tickward\n');

      dpkg(host, '--purge', 'tickward');
      const after = host.shell(LIST).stdout;
      expect(after).toBe(before);
    }, 600_000);

    test('the .rpm lets the presets decide whether its service runs; upgrade keeps, removal leaves settings that were changed, and state', async ({ skip }) => {
      if (noBase !== undefined) skip(noBase);
      const host = await boot(onTestFinished, { checkout: false });
      // No host of RPM's own: the tool works from outside, in the namespaces of this one.
      const rpm = (...args: string[]): void => {
        const { status, stdout, stderr } = spawnSync('env', [...host.enter.filter((word) => word !== '--mount'), 'rpm', '--root', host.root, '--dbpath', '/var/lib/rpm', '--nodeps', ...args], { encoding: 'utf8' });
        if (status !== 0) throw new Error(`rpm ${args.join(' ')}: ${stdout}${stderr}`);
      };
      const before = host.shell(LIST).stdout.split('\n');

      rpm('--install', built('.rpm'));
      expect(host.run(['systemctl', 'is-enabled', 'tickward.service']).stdout).toBe('enabled\n');
      expect(active(host)).toBe('inactive');
      host.run(['systemctl', 'start', 'tickward.service']);
      await until(() => log(host).includes('judging by'), () => `the service: ${log(host)}`, PATIENCE_MS);

      const pid = host.run(['systemctl', 'show', '--value', '--property=MainPID', 'tickward.service']).stdout;
      host.shell("echo '# mine' > /etc/tickward/config.yaml");
      rpm('--upgrade', nextRpm(built('.rpm')));
      expect(host.shell('tickward --version; cat /etc/tickward/config.yaml; tail -1 /etc/tickward/config.yaml.rpmnew').stdout).toMatch(/^\d+\.\d+\.\d+\n# mine\n# newer\n$/);
      expect([active(host), host.run(['systemctl', 'is-enabled', 'tickward.service']).stdout]).toEqual(['active', 'enabled\n']);
      expect(host.run(['systemctl', 'show', '--value', '--property=MainPID', 'tickward.service']).stdout).not.toBe(pid);

      rpm('--erase', 'tickward');
      expect(active(host)).toBe('inactive');
      const left = host.shell(LIST).stdout.split('\n').filter((path) => !before.includes(path) && !path.startsWith('/var/lib/tickward/'));
      expect(left).toEqual(['/etc/tickward', '/etc/tickward/config.yaml.rpmnew', '/etc/tickward/config.yaml.rpmsave', '/usr/share/man/man1', '/var/lib/tickward']);
    }, 600_000);
  });
});
