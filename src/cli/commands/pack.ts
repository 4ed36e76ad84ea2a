/** `tickward pack`: the queries of Tickward's tables for osqueryd's schedule. */
import { readFileSync } from 'node:fs';
import { Exit, type Register } from '../context.ts';

const PACK = new URL('../../../extension/deploy/tickward.pack.json', import.meta.url);

export const pack: Register = (program, act) => {
  program
    .command('pack')
    .description("prints osquery's pack of Tickward's tables: alerts every 5 minutes, events every minute, what is new among the timers every day")
    .addHelpText('after', '\nExamples:\n  tickward pack > /etc/osquery/packs/tickward.conf\n\nand in /etc/osquery/osquery.conf:\n  "packs": { "tickward": "/etc/osquery/packs/tickward.conf" }')
    .action(act(({ out }) => {
      const text = readFileSync(PACK, 'utf8');
      if (out.json) out.document(JSON.parse(text));
      else out.line(text.trimEnd());
      return Exit.DONE;
    }));
};
