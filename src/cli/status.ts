// `postseal status`: what the running service is doing.
import { defaultConfig, parseOptions } from './arguments.js';
import { ask } from './control.js';
import { exit } from '../exit.js';
import { describeDebug } from '../sentence.js';
import type { Status } from '../service/control.js';

export const statusHelp = `Usage: postseal status [--config FILE]

Asks the running service how it is.

  -c, --config FILE   the ini file that it runs with (default ${defaultConfig})
`;

export async function status(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('status', args, { config: { type: 'string', short: 'c' } });
  const { version, pid, since, inForce, debug } = (await ask(
    'GET /status',
    values.config ?? defaultConfig,
  )) as Status;
  process.stdout.write(
    `postseal ${version}, process ${pid}, since ${since}\nlistening on ${inForce.listen}, returning to ${inForce.returnPort}\ndebug journal: ${describeDebug(debug)}\n`,
  );
  return exit.ok;
}
