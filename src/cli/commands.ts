// The commands by name, and the page that names them.
import { commandList } from './arguments.js';
import { cert, certCommands, certHelp } from './cert/cert.js';
import { check, checkHelp } from './check.js';
import { doctor, doctorHelp } from './doctor.js';
import { escaped } from '../printable.js';
import { CommandError, exit } from '../exit.js';
import { explain, explainHelp } from './explain.js';
import { journal, journalHelp } from './journal.js';
import { withOutput } from './output.js';
import { reload, reloadHelp } from './reload.js';
import { report, reportHelp } from './report.js';
import { serve, serveHelp } from './serve.js';
import { sign, signHelp } from './sign.js';
import { status, statusHelp } from './status.js';
import { test, testHelp } from './test.js';
import { verify, verifyHelp } from './verify.js';
import { version } from '../version.js';
import { wire, wireHelp } from './wire.js';

export interface Command {
  /** Resolves with the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
  /** Usage, paragraphs, options and examples: the manual and the completion are made of it (packaging/manual/help.ts). */
  readonly help: string;
  readonly summary: string;
  /** By the first argument of `run`, each with a help of its own. */
  readonly subcommands?: Commands;
}

export type Commands = Readonly<Record<string, Command>>;

export const commands: Commands = {
  serve: { run: serve, help: serveHelp, summary: 'run the filter' },
  check: { run: check, help: checkHelp, summary: 'check the ini file and the certificates' },
  cert: {
    run: cert,
    help: certHelp,
    summary: 'list, add, replace, remove and request certificates',
    subcommands: certCommands,
  },
  wire: { run: wire, help: wireHelp, summary: 'show what Postfix lacks to use Postseal, and set it up' },
  doctor: { run: doctor, help: doctorHelp, summary: 'tell what is wrong with the wiring of Postfix' },
  sign: { run: sign, help: signHelp, summary: 'sign one message from standard input to standard output' },
  explain: { run: explain, help: explainHelp, summary: 'tell what would be decided for a message, and why' },
  test: {
    run: test,
    help: testHelp,
    summary: 'try every rule on a message made for it, and verify what is signed',
  },
  verify: {
    run: verify,
    help: verifyHelp,
    summary: 'tell what a signed message consists of, and verify it',
  },
  status: { run: status, help: statusHelp, summary: 'tell how the running service is' },
  reload: { run: reload, help: reloadHelp, summary: 'have the running service read its configuration again' },
  journal: { run: journal, help: journalHelp, summary: 'search the event log, and follow it' },
  report: { run: report, help: reportHelp, summary: 'count the messages of a month, by sender and rule' },
};

const help = `Usage: postseal COMMAND [OPTION]...

Signs outgoing mail with S/MIME, as a Postfix after-queue content filter.

${commandList(commands)}

  postseal COMMAND --help tells the options of a command; postseal --version the version.

To begin with: write /etc/postseal/postseal.ini, run "postseal check" and "postseal test", start the service,
and wire Postfix: "postseal wire".
`;

/** Runs the command line; resolves with the exit code. Errors for people go to standard error. */
export function run(argv: readonly string[]): Promise<number> {
  // The service does not end because nobody reads its journal any more; what else writes there has no other end.
  const serves = argv[0] === 'serve' && !asksForHelp(argv);
  return serves ? dispatch(argv) : withOutput(() => dispatch(argv));
}

/** The help of what the words name: of `cert add` where there is such a subcommand, or else of `cert`. */
function helpFor([name = '', ...rest]: readonly string[], table: Commands): string | undefined {
  const command = Object.hasOwn(table, name) ? table[name]! : undefined;
  return command && (helpFor(rest, command.subcommands ?? {}) ?? command.help);
}

function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined) {
    process.stderr.write(help);
    return exit.usage;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(helpFor(args, commands) ?? help);
    return exit.ok;
  }
  if (name === '--version') {
    process.stdout.write(`postseal ${version}\n`);
    return exit.ok;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    process.stderr.write(
      `postseal: unknown command "${escaped(name)}" (have: ${Object.keys(commands).join(', ')})\n`,
    );
    return exit.usage;
  }
  if (asksForHelp(args)) {
    process.stdout.write(helpFor(argv, commands)!);
    return exit.ok;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const who = error.exitCode === exit.config ? '' : 'postseal: ';
    process.stderr.write(error.lines.map(line => `${who}${line}\n`).join(''));
    return error.exitCode;
  }
}
