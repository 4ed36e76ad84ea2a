/** Program: stands in for osqueryi, with its arguments, output and errors, in front of the same SQLite as the other engines. */
import { messageOf } from '../../src/model/errors.ts';
import { createEmbedded } from '../../src/sql/index.ts';

if (process.argv.includes('--version')) console.log('osqueryi version 5.23.0');
else {
  const engine = await createEmbedded({});
  try {
    const { rows } = await engine.query(process.argv.at(-1) ?? '', { timeoutMs: 5_000 });
    console.log(JSON.stringify(rows));
  } catch (error) {
    console.error(`Error: ${messageOf(error)}`);
    process.exitCode = 1;
  }
  await engine.close();
}
