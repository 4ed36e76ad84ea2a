/**
 * File events of Elastic Defend, and of any other sensor that writes ECS.
 * Elastic Defend's fields: https://github.com/elastic/endpoint-package, custom_documentation/doc/endpoint/file/linux; its actions there are
 * creation, rename, modification and deletion, and some (open) that change nothing. Of other sensors `event.type` says what happened.
 */
import type { FileAction } from '../model/event.ts';
import { ecsReport, isOfAnotherSystem } from './ecs.ts';
import { textField, textsField } from './field.ts';
import type { Format } from './format.ts';

const category = textsField('event.category');
const actions = textsField('event.action');
const types = textsField('event.type');
const module = textField('event.module');
const agent = textField('agent.type');

const BY_ACTION = new Set<string>(['creation', 'rename', 'modification', 'deletion'] satisfies FileAction[]);
const BY_TYPE: Record<string, FileAction> = { creation: 'creation', deletion: 'deletion', change: 'modification' };

/** Elastic Defend's actions have other words where nothing was changed, and then types that mean something else. */
function actionOf(document: object): FileAction | undefined {
  const action = actions(document)?.find((word) => BY_ACTION.has(word));
  if (action !== undefined) return action as FileAction;
  if (isDefend(document)) return undefined;
  const type = types(document)?.find((word) => Object.hasOwn(BY_TYPE, word));
  return type === undefined ? undefined : BY_TYPE[type];
}

function isDefend(document: object): boolean {
  return module(document) === 'endpoint' || agent(document) === 'endpoint';
}

export const elastic: Format = {
  sensor: (document) => (isDefend(document) ? 'Elastic Defend' : (agent(document) ?? module(document) ?? 'the other sensor')),
  reads: (document) => category(document) !== undefined,
  reports(document) {
    if (category(document)?.includes('file') !== true || isOfAnotherSystem(document)) return [];
    const action = actionOf(document);
    return action === undefined ? [] : [ecsReport(document, action)];
  },
};
