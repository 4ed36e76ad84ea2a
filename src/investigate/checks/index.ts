/** The only list of checks, in the order in which they are shown. */
import { alerts } from './alerts.ts';
import { chain } from './chain.ts';
import { changes } from './changes.ts';
import type { Check } from './check.ts';
import { connections } from './connections.ts';
import { logins } from './logins.ts';
import { packages } from './packages.ts';
import { persistence } from './persistence.ts';
import { processes } from './processes.ts';
import { service } from './service.ts';
import { similar } from './similar.ts';
import { strings } from './strings.ts';
import { timer } from './timer.ts';

export const checks: readonly Check[] = [timer, service, chain, strings, processes, connections, changes, packages, alerts, logins, persistence, similar];
