// A password that is never on the command line: out of a file, from standard input, or asked for on a terminal.
import { firstLine, nodeIo, readPassword } from '../../certs/files.js';
import { CommandError, exit } from '../../exit.js';

/** The warnings about its file, or the password's first line. */
export interface Given {
  readonly password: string;
  readonly warnings: readonly string[];
}

/**
 * @param file of --password-file; `-` is standard input
 * @param what the password is for
 * @throws CommandError (64, 66)
 */
export async function obtainPassword(file: string | undefined, what: string): Promise<Given> {
  if (file === undefined && process.stdin.isTTY)
    return { password: await ask(`Password of ${what}: `), warnings: [] };
  if (file === undefined)
    throw new CommandError(
      exit.noInput,
      `${what}: has a password; give it with --password-file FILE (- is standard input), or run this on a terminal`,
    );
  if (file === '-') return { password: await fromStandardInput(), warnings: [] };
  try {
    const { password, warnings } = await readPassword({ kind: 'file', path: file }, nodeIo);
    return { password: password!, warnings: warnings.map(w => w.message) };
  } catch (error) {
    throw new CommandError(exit.noInput, (error as Error).message);
  }
}

async function fromStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if (chunk.includes('\n')) break;
  }
  const password = firstLine(Buffer.concat(chunks));
  if (password === '')
    throw new CommandError(exit.noInput, 'standard input: has no password in its first line');
  return password;
}

/** Reads a line from the terminal without showing it. */
async function ask(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stdin.setRawMode(true); // before anything is typed
  stderr.write(prompt);
  let password = '';
  try {
    for await (const chunk of stdin.setEncoding('utf8') as AsyncIterable<string>) {
      for (const key of chunk) {
        if (key === '\r' || key === '\n') return password;
        if (key === '\x03' || key === '\x04') throw new CommandError(exit.noInput, 'no password was given');
        if (key === '\x15')
          password = ''; // ^U
        else password = key === '\x7f' || key === '\b' ? password.slice(0, -1) : password + key;
      }
    }
    return password;
  } finally {
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}
