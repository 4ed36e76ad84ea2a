/** A timer whose owner fights for it, planted on a booted host: see `HOSTILE`. */
import { CHECKOUT, type Booted } from './booted.ts';
import { programOf } from './program.ts';

const UNITS = '/etc/systemd/system';

/**
 * It refuses to be stopped, starts itself again when it is, leaves twenty processes behind (of which nineteen are no children of the main one), is immutable with the directories of its
 * links and drop-ins, overrides itself from the strongest directory, and has a sibling that puts it back and starts it each tenth of a second.
 */
const HOSTILE = `
install -d /opt/evil
cat > /opt/evil/spawn <<'END'
#!/bin/sh
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do setsid sleep 4321 & done
exec sleep 4321
END
cat > /opt/evil/keep <<'END'
#!/bin/sh
n=0
while sleep 0.1; do
  rm -f ${UNITS}/evil-clock.timer 2>/dev/null; cp /opt/evil/copy ${UNITS}/evil-clock.timer 2>/dev/null || continue
  systemctl daemon-reload
  systemctl start evil-clock.timer evil-clock.service 2>/dev/null
  n=$((n + 1)); echo $n > /run/keeper.new; mv /run/keeper.new /run/keeper.count
done
END
chmod +x /opt/evil/spawn /opt/evil/keep
cat > ${UNITS}/evil-clock.timer <<'END'
[Unit]
RefuseManualStop=yes
[Timer]
OnActiveSec=1s
OnUnitActiveSec=1s
OnCalendar=hourly
Persistent=true
[Install]
WantedBy=timers.target
END
cp ${UNITS}/evil-clock.timer /opt/evil/copy
cat > ${UNITS}/evil-clock.service <<'END'
[Unit]
RefuseManualStop=yes
OnFailure=evil-again.service
StartLimitIntervalSec=0
[Service]
ExecStart=/opt/evil/spawn
ExecStop=/bin/touch /run/evil.stop
ExecStopPost=/bin/sh -c 'touch /run/evil.post; systemctl start --no-block evil-clock.service'
Restart=always
RestartSec=0
KillMode=process
END
cat > ${UNITS}/evil-again.service <<'END'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'touch /run/evil.again; systemctl start --no-block evil-clock.service'
END
cat > ${UNITS}/keeper.service <<'END'
[Service]
ExecStart=/opt/evil/keep
ExecStartPre=/bin/test -x /opt/evil/spawn
END
install -d /etc/systemd/system.control ${UNITS}/evil-clock.timer.d ${UNITS}/evil-.timer.d ${UNITS}/multi-user.target.upholds
cp ${UNITS}/evil-clock.service /etc/systemd/system.control/evil-clock.service
printf '[Timer]\\nAccuracySec=1s\\n' > ${UNITS}/evil-clock.timer.d/x.conf
printf '[Timer]\\nRandomizedDelaySec=1s\\n' > ${UNITS}/evil-.timer.d/y.conf
install -d /usr/lib/systemd/system/timers.target.wants /usr/lib/systemd/system/graphical.target.requires
ln -s ${UNITS}/evil-clock.timer /usr/lib/systemd/system/timers.target.wants/evil-clock.timer
ln -s ${UNITS}/evil-clock.timer /usr/lib/systemd/system/graphical.target.requires/evil-clock.timer
ln -s ../evil-clock.timer ${UNITS}/multi-user.target.upholds/evil-clock.timer
systemctl daemon-reload
systemctl -q enable --now evil-clock.timer
systemctl start --no-block evil-clock.service
chown 1234:4321 ${UNITS}/evil-clock.timer.d/x.conf
chmod 0640 ${UNITS}/evil-clock.timer.d/x.conf
touch -d '2021-02-03 04:05:06.123456789' ${UNITS}/evil-clock.timer ${UNITS}/evil-clock.timer.d/x.conf ${UNITS}/evil-clock.timer.d
touch -h -d '2020-02-03 04:05:06.987654321' ${UNITS}/multi-user.target.upholds/evil-clock.timer
`;

/** A POSIX ACL (user 1234: read; acl(5), linux/posix_acl_xattr.h) and attributes of other kinds. The host has no programs for them. */
const ATTRIBUTES = `
const { openSync } = await import('node:fs');
const { writeXattrs } = await import('/opt/tickward/src/host/inode.ts');
const acl = '0x02000000' + '01000600ffffffff' + '02000400d2040000' + '04000400ffffffff' + '10000400ffffffff' + '20000400ffffffff';
writeXattrs(openSync('${UNITS}/evil-clock.timer', 'r'), { 'system.posix_acl_access': acl, 'trusted.note': '0x00ff' });
writeXattrs(openSync('${UNITS}/evil-clock.timer.d', 'r'), { 'trusted.note': '0x6f' });
`;

const IMMUTABLE = `
chattr +i ${UNITS}/evil-clock.timer ${UNITS}/evil-clock.timer.d/x.conf ${UNITS}/evil-clock.timer.d ${UNITS}/multi-user.target.upholds
chattr +a ${UNITS}/evil-clock.service
`;

export function plantHostile(host: Booted): void {
  const node = (code: string): string[] => ['sh', '/opt/tickward/src/node.sh', '--input-type=module', '--eval', code];
  for (const done of [host.shell(HOSTILE), host.run(node(ATTRIBUTES)), host.shell(IMMUTABLE)]) if (done.status !== 0) throw new Error(done.stderr);
}

/** How many of the twenty processes are alive. */
export function planted(host: Booted): number {
  return Number(host.run(['pgrep', '--count', '--full', '^sleep 4321']).stdout.trim());
}

/** Everything of the host that has to be the same after an undo. */
export function treeOf(host: Booted): Record<string, string> {
  const { status, stdout, stderr } = host.run(['sh', `${CHECKOUT}/src/node.sh`, programOf('test/helpers/tree', CHECKOUT), '/etc/systemd', '/usr/lib/systemd/system/timers.target.wants', '/usr/lib/systemd/system/graphical.target.requires', '/run/systemd/system.control', '/run/systemd/transient', '/opt/evil']);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, string>;
}
