/** The service that the timer starts, through the unit search path with its drop-ins. */
import { legible } from '../../model/text.ts';
import { settings, type Check } from './check.ts';
import { fileRows, unitFileSigns, unknownOf } from './unit-file.ts';

const MOST_SETTINGS = 60;

export const service: Check = {
  id: 'service',
  title: { en: 'The service: what it runs and as whom', 'zh-CN': '服务:运行什么,以谁的身份运行' },
  look(evidence) {
    const { units, managedService: said, runAs } = evidence;
    const name = units.serviceName === undefined ? undefined : legible(units.serviceName);
    if (units.service === undefined) {
      if (name === undefined) return { ...settings([]), skipped: 'the event is of no timer and of no service' };
      return { ...settings([['unit', name]]), skipped: `${name} is in no unit directory`, signs: [{ id: 'service-missing', weight: 'weak', text: `the service that the timer starts, ${name}, is not there` }] };
    }
    const { service: unit } = units;
    const entries = unit.entries.filter(({ section }) => section === 'Service' || section === 'Install' || section === 'Unit');
    const rows = settings([
      ['unit', legible(unit.name)],
      ...fileRows(evidence, unit),
      ['runs as', runAs],
      ['state', said === undefined ? 'not known: no service manager was asked' : `${said.get('ActiveState') ?? ''} (${said.get('SubState') ?? ''})`],
      ['result of its last run', said?.get('Result')],
      ['main process', said?.get('MainPID') === '0' ? null : said?.get('MainPID')],
      ['control group', said?.get('ControlGroup')],
      ...entries.slice(0, MOST_SETTINGS).map(({ key, value }): [string, string] => [`${key}=`, legible(value)]),
    ]);
    return { ...rows, warnings: [...unknownOf(evidence, unit), ...(entries.length > MOST_SETTINGS ? [`only the first ${MOST_SETTINGS} of ${entries.length} settings`] : [])], signs: [...unitFileSigns(evidence, unit)] };
  },
};
