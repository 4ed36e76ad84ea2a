/** osquery's `system_info`: uname(2), /proc/cpuinfo, and what the firmware says in /sys/class/dmi/id. */
import { readFileSync } from 'node:fs';
import { hostname, machine, totalmem } from 'node:os';
import { errnoOf } from '../../model/errors.ts';
import type { QueryContext, Row, Table } from '../../model/table.ts';
import { legible, textOfBytes } from '../../model/text.ts';
import { parseHosts } from './etc_hosts.ts';
import { readWhole, wordsOf } from './lines.ts';

/** Columns by their file in /sys/class/dmi/id; numbers of devices only root may read. */
const FIRMWARE: Readonly<Record<string, string>> = {
  uuid: 'product_uuid',
  hardware_vendor: 'sys_vendor', hardware_model: 'product_name', hardware_version: 'product_version', hardware_serial: 'product_serial',
  board_vendor: 'board_vendor', board_model: 'board_name', board_version: 'board_version', board_serial: 'board_serial',
};

export const system_info: Table = {
  name: 'system_info',
  description: 'System information for identification.',
  columns: [
    { name: 'hostname', type: 'TEXT' },
    { name: 'uuid', type: 'TEXT', collate: 'nocase' },
    { name: 'cpu_type', type: 'TEXT' },
    { name: 'cpu_subtype', type: 'TEXT' },
    { name: 'cpu_brand', type: 'TEXT' },
    { name: 'cpu_physical_cores', type: 'INTEGER' },
    { name: 'cpu_logical_cores', type: 'INTEGER' },
    { name: 'cpu_sockets', type: 'INTEGER' },
    { name: 'cpu_microcode', type: 'TEXT' },
    { name: 'physical_memory', type: 'BIGINT' },
    { name: 'hardware_vendor', type: 'TEXT' },
    { name: 'hardware_model', type: 'TEXT' },
    { name: 'hardware_version', type: 'TEXT' },
    { name: 'hardware_serial', type: 'TEXT' },
    { name: 'board_vendor', type: 'TEXT' },
    { name: 'board_model', type: 'TEXT' },
    { name: 'board_version', type: 'TEXT' },
    { name: 'board_serial', type: 'TEXT' },
    { name: 'computer_name', type: 'TEXT' },
    { name: 'local_hostname', type: 'TEXT' },
  ],
  *generate(context) {
    const name = fullName(hostname(), readWhole(context, '/etc/hosts', { mayBeAbsent: true }) ?? '');
    const firmware = Object.entries(FIRMWARE).filter(([column]) => context.uses(column)).map(([column, file]) => [column, readFirmware(file, context)] as const);
    yield {
      hostname: name, local_hostname: name, computer_name: hostname(), cpu_type: machine(), physical_memory: totalmem(),
      ...parseProcessors(readWhole(context, '/proc/cpuinfo') ?? ''),
      ...Object.fromEntries(firmware),
    };
  },
};

/** The canonical name by /etc/hosts, the first of the line. No name server is asked: a query must not be seen on the network. */
export function fullName(host: string, hosts: string): string {
  const lines = parseHosts(hosts).map((row) => wordsOf(String(row['hostnames'])));
  return lines.find((names) => names.includes(host))?.[0] ?? host;
}

/** Cores are counted once for each pair of socket and core; arm64 names neither, so every processor counts. */
export function parseProcessors(text: string): Row {
  const processors = text.split('\n\n').map(fieldsOf).filter((fields) => fields.has('processor'));
  const [first = new Map<string, string>()] = processors;
  const different = (of: (fields: Map<string, string>) => string): number => new Set(processors.map(of)).size;
  const named = first.has('core id');
  return {
    cpu_brand: first.get('model name') ?? '',
    cpu_subtype: first.get('model') ?? '0',
    cpu_microcode: first.get('microcode') ?? '',
    cpu_logical_cores: processors.length,
    cpu_physical_cores: named ? different((fields) => `${fields.get('physical id')}:${fields.get('core id')}`) : processors.length,
    cpu_sockets: named ? different((fields) => fields.get('physical id') ?? '0') : undefined,
  };
}

function fieldsOf(block: string): Map<string, string> {
  return new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()] as const));
}

/** Virtual machines often have no firmware tables: empty then. */
function readFirmware(file: string, context: QueryContext): string {
  try {
    return legible(textOfBytes(readFileSync(`/sys/class/dmi/id/${file}`))).trim();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') context.warn('serial numbers and uuid can be read by root only');
    return '';
  }
}
