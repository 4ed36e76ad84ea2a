/** The shipped rule as someone would write it in TypeScript for events of this shape only: what the evaluator is measured against. */
import type { FileEvent } from '../../src/model/event.ts';

const ACTIONS = new Set(['creation', 'rename']);

const DIRECTORIES = ['/etc/systemd/system/', '/etc/systemd/user/', '/lib/systemd/system/', '/usr/lib/systemd/system/', '/usr/local/lib/systemd/system/', '/usr/lib/systemd/user/', '/root/.config/systemd/user/', '/root/.local/share/systemd/user/'];

const IN_HOMES = ['/.config/systemd/user/', '/.local/share/systemd/user/'];

const EXECUTABLES = new Set(
  [
    '/bin/dpkg /usr/bin/dpkg /bin/dpkg-divert /usr/bin/dpkg-divert /usr/bin/apt /bin/rpm /usr/bin/rpm /bin/yum /usr/bin/yum /bin/dnf /usr/bin/dnf',
    '/bin/dnf-automatic /usr/bin/dnf-automatic /bin/microdnf /usr/bin/microdnf /usr/libexec/platform-python /bin/pacman /usr/bin/pacman /usr/sbin/pacman',
    '/bin/pamac-daemon /usr/bin/pamac-daemon /sbin/apk /usr/sbin/apk /usr/local/sbin/apk /bin/snapd /usr/bin/snapd /usr/lib/snapd/snapd /bin/install',
    '/bin/dockerd /usr/bin/dockerd /usr/sbin/dockerd /usr/local/bin/dockerd /bin/podman /usr/bin/podman /usr/bin/crio /kaniko/kaniko-executor /proc/self/exe /dev/fd/*',
    '/bin/puppet /usr/bin/puppet /opt/puppetlabs/puppet/bin/puppet /opt/puppetlabs/puppet/bin/ruby /bin/chef-client /usr/bin/chef-client',
    '/bin/autossl_check /usr/bin/autossl_check /usr/sbin/crond',
  ].flatMap((line) => line.split(' ')),
);

const EXECUTABLE_STARTS = ['/nix/store/', '/var/lib/dpkg/', '/snap/', '/dev/fd/', '/tmp/vmis.', '/usr/lib/virtualbox/'];

const NAMES = new Set(['apt-get', 'install', 'snapd', 'crio', 'docker-init', 'cloudflared', 'sshd', 'convert-usrmerge', 'google_metadata_script_runner']);

const TEMPORARY = new Set(['swp', 'swpx', 'swx', 'dpkg-remove']);

export function judgeByHand({ event, host, file, process }: FileEvent): boolean {
  if (!event.category.includes('file') || host.os.type !== 'linux' || !ACTIONS.has(event.action) || file.extension !== 'timer') return false;
  return isInDirectories(file.path.toLowerCase()) && process?.executable !== undefined && !isLeftOut(file, process.executable, process.name ?? '');
}

function isInDirectories(path: string): boolean {
  if (path.startsWith('/home/')) return IN_HOMES.some((part) => path.includes(part, 6));
  return DIRECTORIES.some((directory) => path.startsWith(directory));
}

function isLeftOut(file: FileEvent['file'], executable: string, name: string): boolean {
  if (EXECUTABLES.has(executable) || name.startsWith('python') || NAMES.has(name)) return true;
  if (file.Ext?.original.extension === 'dpkg-new' || TEMPORARY.has(file.extension ?? '')) return true;
  const folded = executable.toLowerCase();
  if (EXECUTABLE_STARTS.some((start) => folded.startsWith(start))) return true;
  const fileName = file.name.toLowerCase();
  return (name === 'sed' && fileName.startsWith('sed')) || (name === 'perl' && fileName.startsWith('e2scrub_all.tmp'));
}
