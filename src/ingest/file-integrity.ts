/**
 * Auditbeat's module file_integrity, which is also Elastic Agent's File Integrity Monitoring (dataset `fim.event`):
 * https://www.elastic.co/docs/reference/beats/auditbeat/auditbeat-module-file_integrity. A document may have several actions, in their order.
 * Who did it is in `process` where its backend is eBPF or kprobes: the number, the name and the user, no path of the program unless the
 * processor add_process_metadata puts it there.
 */
import type { FileAction } from '../model/event.ts';
import { ecsReport, isOfAnotherSystem } from './ecs.ts';
import { textField, textsField } from './field.ts';
import type { Format } from './format.ts';

const module = textField('event.module');
const actions = textsField('event.action');
const inode = textField('file.inode');

/** `initial_scan` and `config_change` tell of no change: the first sight of a file, and of a hash that was not asked for before. */
const ACTIONS: Record<string, FileAction> = { created: 'creation', updated: 'modification', attributes_modified: 'modification', deleted: 'deletion', moved: 'rename' };

/** The content that comes with a file is no change of its own, and two changes in one document are one. */
function changesOf(words: readonly string[], isThere: boolean): FileAction[] {
  const changes = words.flatMap((word) => (Object.hasOwn(ACTIONS, word) ? [ACTIONS[word]] : [])).filter((action) => action !== undefined);
  const withContent = changes.some((action) => action !== 'modification') ? changes.filter((action) => action !== 'modification') : changes.slice(0, 1);
  // inotify tells the old name that it was moved: there is nothing any more then, and the new name is said to be created.
  return withContent.map((action) => (action === 'rename' && !isThere ? 'deletion' : action));
}

export const fileIntegrity: Format = {
  sensor: () => 'Auditbeat',
  reads: (document) => module(document) === 'file_integrity',
  reports(document) {
    if (isOfAnotherSystem(document)) return [];
    return changesOf(actions(document) ?? [], inode(document) !== undefined).map((action) => ecsReport(document, action));
  },
};
