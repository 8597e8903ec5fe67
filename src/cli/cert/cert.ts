// `postseal cert`: the certificates of the ini file, looked at and changed. One file for each of its commands.
import { commandList, defaultConfig, usageError } from '../arguments.js';
import type { Commands } from '../commands.js';
import { add, addHelp } from './add.js';
import { list, listHelp } from './list.js';
import { makeTest, makeTestHelp } from './make-test.js';
import { remove, removeHelp } from './remove.js';
import { replace, replaceHelp } from './replace.js';
import { request, requestHelp } from './request.js';
import { show, showHelp } from './show.js';
import { inQuotes } from '../../printable.js';

export const certCommands: Commands = {
  list: { run: list, help: listHelp, summary: 'list them, and how long each lasts' },
  show: { run: show, help: showHelp, summary: 'tell all that there is to know of one' },
  add: { run: add, help: addHelp, summary: 'check one, store it, and name it in the ini file' },
  replace: { run: replace, help: replaceHelp, summary: 'put a renewed one in the place of the old one' },
  remove: { run: remove, help: removeHelp, summary: 'take one out of the ini file' },
  request: {
    run: request,
    help: requestHelp,
    summary: 'make a key, and a request for a certificate authority',
  },
  'make-test': {
    run: makeTest,
    help: makeTestHelp,
    summary: 'make an authority and certificates for trying out',
  },
};

export const certHelp = `Usage: postseal cert COMMAND [OPTION]... [--config FILE]

Looks at the certificates that the ini file leads to, and changes them.

${commandList(certCommands)}

  -c, --config FILE   the ini file (default ${defaultConfig})

  postseal cert COMMAND --help tells the options of a command. Formats, renewal and errors: docs/certificates.md

Nothing takes effect before the service is told to: systemctl reload postseal.
`;

export async function cert([name, ...args]: readonly string[]): Promise<number> {
  const command = name !== undefined && Object.hasOwn(certCommands, name) ? certCommands[name] : undefined;
  if (command) return command.run(args);
  const what = name === undefined ? 'name a command' : `unknown command ${inQuotes(name)}`;
  throw usageError('cert', `${what} (have: ${Object.keys(certCommands).join(', ')})`);
}
