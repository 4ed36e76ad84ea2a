/**
 * What is said of units that no generator makes any more. Those that hold a file system or swap are named and never stopped: what is in them may be evidence and in use, a
 * tmpfs is lost when it is unmounted, and swap that is taken away needs memory that may not be there. None of that could be undone.
 */
import { readMounts } from '../host/mounts.ts';
import { show } from '../host/paths.ts';
import { mountPointOf } from '../host/units.ts';
import { listed, printable, shellWord } from '../model/text.ts';
import type { UnitState } from './manager.ts';
import type { Generated } from './removal-regenerate.ts';

const MOST_TOLD = 10;

/** `others`: those of the units that are active and were not stopped. */
export function remarkOn(gone: readonly Generated[], ended: readonly UnitState[], others: readonly UnitState[]): string {
  const parts = gone.length === 0 ? ['nothing that generators had made is gone with it'] : [`gone with it: ${listed(gone.map(({ path }) => show(path)))}`];
  // A file system has a unit for as long as it is mounted, with a file or without.
  const withoutFile = others.filter((state) => state.fragment === '');
  const mounts = withoutFile.filter(({ id }) => id.endsWith('.mount'));
  const swaps = withoutFile.filter(({ id }) => id.endsWith('.swap'));
  const rest = withoutFile.filter((state) => !mounts.includes(state) && !swaps.includes(state));
  const changed = others.filter((state) => !withoutFile.includes(state));
  if (ended.length > 0) parts.push(`stopped: ${namesOf(ended)}`);
  if (mounts.length > 0) parts.push(`still mounted, and for you to decide: ${listed(mounts.map(({ id }) => mountText(id)))}: it may be evidence or in use, so keep a copy of what is in it before ${stopOf(mounts)}`);
  if (swaps.length > 0) parts.push(`still in use as swap, and for you to decide: ${namesOf(swaps)}: look whether the memory suffices without it (free) before ${stopOf(swaps)}`);
  if (rest.length > 0) parts.push(`still there, and nothing makes it any more: ${namesOf(rest)}: look what needs it before ${stopOf(rest)}`);
  if (changed.length > 0) parts.push(`goes on as it was started, look at it and start it anew: ${namesOf(changed)}`);
  return parts.join('; ');
}

function mountText(id: string): string {
  const path = mountPointOf(id);
  const type = readMounts().findLast((mount) => mount.path === path)?.type;
  return `${printable(path)}${type === undefined ? '' : ` (${printable(type)}${type === 'tmpfs' ? ', which is lost when it is unmounted' : ''})`}`;
}

function stopOf(states: readonly UnitState[]): string {
  return `systemctl stop ${states.slice(0, MOST_TOLD).map(({ id }) => shellWord(printable(id))).join(' ')}`;
}

function namesOf(states: readonly UnitState[]): string {
  return listed(states.map(({ id }) => printable(id)));
}
