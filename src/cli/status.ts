// `postseal status`: what the running service is doing.
import { escaped, printableJson } from '../printable.js';
import type { Status } from '../service/snapshot.js';
import { defaultConfig, parseOptions } from './arguments.js';
import { ask } from './control.js';
import { exit } from '../exit.js';
import { toText } from './status-report.js';

export const statusHelp = `Usage: postseal status [--config FILE] [--json]

Asks the running service how it is: what it has done today and since it began, its return port, its certificates
with the days that they have left, and whether it can sign and deliver.

  -c, --config FILE   the ini file that it runs with (default ${defaultConfig})
      --json          all of it as a JSON object, for programs

Exit status: 0 it signs and delivers; 75 it does not, and says why; 69 no service with this ini file answers; 77 only
root and the user of the service may ask; 78 the ini file is wrong.
`;

export async function status(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('status', args, {
    config: { type: 'string', short: 'c' },
    json: { type: 'boolean' },
  });
  const answer = (await ask('GET /status', values.config ?? defaultConfig)) as Status;
  const { reasons } = answer;
  if (values.json === true) process.stdout.write(`${printableJson(JSON.stringify(answer, undefined, 2))}\n`);
  else {
    process.stdout.write(toText(answer));
    for (const reason of reasons) process.stderr.write(`postseal: ${escaped(reason)}\n`);
  }
  return reasons.length === 0 ? exit.ok : exit.tempFail;
}
