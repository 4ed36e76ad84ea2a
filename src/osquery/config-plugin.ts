/** Where osqueryd's configuration comes from (`--config_plugin=NAME`), by the requests of osquery's ConfigPlugin::call. */
import { needed, type Plugin } from './plugin.ts';
import type { StringMap } from './types.ts';

export interface Config {
  name: string;
  /** Configurations as JSON text, by a name for each source; osqueryd merges them, and asks again every `--config_refresh` seconds. */
  configurations(): Record<string, string> | Promise<Record<string, string>>;
  /** The JSON text of a pack that a configuration names by a value of its own instead of an object. */
  pack?(name: string, value: string): string | Promise<string>;
}

export function configPlugin(config: Config): Plugin {
  return { registry: 'config', name: config.name, routes: [], call: async (request) => ({ rows: [await answer(config, request)] }) };
}

async function answer(config: Config, request: StringMap): Promise<StringMap> {
  const action = needed(request, 'action', 'a config plugin');
  if (action === 'genConfig') return config.configurations();
  if (action !== 'genPack') throw new TypeError(`the config plugin ${config.name} knows no action ${action}`);
  const name = needed(request, 'name', 'genPack');
  const value = needed(request, 'value', 'genPack');
  if (config.pack === undefined) throw new TypeError(`the config plugin ${config.name} has no packs`);
  return { [name]: await config.pack(name, value) };
}
