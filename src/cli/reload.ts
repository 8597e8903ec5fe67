// `postseal reload`: has the running service read its configuration again, and tells what came of it.
import { defaultConfig, parseOptions } from './arguments.js';
import { ask } from './control.js';
import { CommandError, exit } from '../exit.js';
import type { Reloaded } from '../service/reload.js';

export const reloadHelp = `Usage: postseal reload [--config FILE]

Has the running service read the ini file and the certificates again, as SIGHUP does, and waits for what comes of
it. "systemctl reload postseal" runs it. With a mistake in the ini file everything stays as it was, and each mistake is
told.

  -c, --config FILE   the ini file that it runs with (default ${defaultConfig})

Exit status: 0 it is reloaded; 69 no service with this ini file answers; 77 only root and the user of the service may
ask; 78 the ini file has a mistake.
`;

export async function reload(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('reload', args, { config: { type: 'string', short: 'c' } });
  const answer = await ask('POST /reload', values.config ?? defaultConfig);
  const { reloaded, mistakes } = answer as Reloaded;
  if (!reloaded) throw new CommandError(exit.config, 'kept the old configuration:', ...mistakes);
  process.stdout.write('reloaded\n');
  return exit.ok;
}
