/** The bench runs in a mount namespace of its own, in which unit directories, homes and users are others than the machine's. It is gone with the last process of the bench. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '../..');

/** In memory. */
export const MEMORY = '/mnt/bench';
/** Where the repository is there: readable also where its own parents are hidden. */
const MOUNTED = '/mnt/tickward';
export const UNITS = '/etc/systemd/system';
export const PASSWD = '/etc/passwd';
/** On a disk where there is one: /tmp is in memory on many hosts. */
const DISK_PARENT = '/var/tmp';

const DISK_VARIABLE = 'TICKWARD_BENCH_DISK';

/** Its own directory on a disk; undefined outside of the namespace. */
export const DISK = process.env[DISK_VARIABLE];

/** The machine's own manager and the units of its users are hidden, so that nothing but the bench writes where the sensor looks. */
const SETUP = `
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir ${MOUNTED} ${MEMORY}
mount --bind "$1" ${MOUNTED}
printf 'root:x:0:0:root:/home/root:/bin/sh\\n' > /mnt/passwd
mount --bind /mnt/passwd ${PASSWD}
mkdir -p /etc/systemd
for directory in /etc/systemd /home /run/systemd /run/user; do
  if [ -d $directory ]; then mount -t tmpfs -o mode=755,nr_inodes=2m tmpfs $directory; fi
done
mkdir -p ${UNITS} /etc/systemd/user /home/root
shift
cd ${MOUNTED}
exec setpriv --pdeathsig TERM "$@"
`;

/** The file in its directory on disk that the bench leaves its result in. */
export const RESULT = 'result.json';

/** Runs the bench there, hands its result to `onResult` and gives its exit code. */
export async function runInside(args: readonly string[], onResult: (json: string) => void): Promise<number> {
  const disk = mkdtempSync(`${DISK_PARENT}/tickward-bench-`);
  // Its programs are run by other users too.
  chmodSync(disk, 0o755);
  try {
    const node = process.execPath.startsWith(`${REPOSITORY}/`) ? join(MOUNTED, relative(REPOSITORY, process.execPath)) : process.execPath;
    const inside = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', SETUP, 'sh', REPOSITORY, node, '--disable-warning=ExperimentalWarning', join(MOUNTED, 'test/bench/index.ts'), ...args], {
      stdio: 'inherit',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/home/root', [DISK_VARIABLE]: disk, ...(process.env['TICKWARD_NODE'] === undefined ? {} : { TICKWARD_NODE: process.env['TICKWARD_NODE'] }) },
    });
    // Ctrl-C reaches both; we wait until the other has put everything away.
    process.on('SIGINT', () => {});
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => inside.kill(signal));
    const [code] = (await once(inside, 'exit')) as [number | null];
    const result = join(disk, RESULT);
    if (existsSync(result)) onResult(readFileSync(result, 'utf8'));
    return code ?? 1;
  } finally {
    rmSync(disk, { recursive: true, force: true });
  }
}
