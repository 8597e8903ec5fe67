// What the wiring is looked at with: the ini file, this Postfix, the addresses of this host.
import { networkInterfaces } from 'node:os';
import type { Config, Endpoint } from '../config/config.js';
import { isLoopback } from '../config/endpoint.js';
import { CommandError, exit } from '../exit.js';
import { readIni, showProblem } from '../service/load.js';
import type { Circumstances } from '../wiring/wiring.js';
import { readSettings, readTables } from './postconf.js';

/** @throws CommandError (78) where the ini file has mistakes: what it wants of Postfix is not known then */
export async function readIniOrFail(path: string): Promise<Config> {
  const { config, problems } = await readIni(path);
  if (config) return config;
  throw new CommandError(exit.config, ...problems.map(showProblem));
}

/** @param directory of Postfix's configuration, undefined for that of the system */
export async function readCircumstances(
  config: Config,
  directory: string | undefined,
): Promise<Circumstances> {
  const settings = await readSettings(directory);
  const { service: section } = config;
  return {
    settings,
    section,
    signsForPersons: config.rules.some(
      rule => rule.sign !== 'never' && rule.certificate?.section === 'certificates',
    ),
    tables: await readTables(settings),
    returnsHere: isHere(section.return),
  };
}

/** Goes by the text: a name other than localhost is another host. */
function isHere(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix' || isLoopback(endpoint)) return true;
  const own = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  return own.some(({ address }) => address === endpoint.host);
}
