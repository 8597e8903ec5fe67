// `postseal wire`: shows what Postfix lacks for this ini file, and sets it up, or takes it back.
import { createInterface } from 'node:readline/promises';
import { counted, escaped, inQuotes } from '../printable.js';
import { CommandError, exit } from '../exit.js';
import {
  changesOf,
  leftBehind,
  missingEdits,
  undoing,
  usualServices,
  type Change,
} from '../wiring/changes.js';
import { commandFor, placeOf, type Edit } from '../wiring/edit.js';
import type { PostfixService } from '../wiring/settings.js';
import { type Circumstances, type Handover, handoversOf, isPublic, Wiring } from '../wiring/wiring.js';
import { defaultConfig, parseOptions, usageError } from './arguments.js';
import { readCircumstances, readIniOrFail } from './circumstances.js';
import { readSettings, readTables } from './postconf.js';
import { applyChecked, preview } from './wire-apply.js';
import { readRecord, recordPath } from './wire-record.js';

export const wireHelp = `Usage: postseal wire [--config FILE] [--postfix DIR] [--services NAME,...] [--apply | --undo] [--yes]

Shows the lines of main.cf and master.cf that Postfix lacks to hand mail to Postseal and to take it back, as the ini
file says. With --apply it sets them with postconf, after asking, and has "postfix check" look at the result.

  -c, --config FILE    the ini file (default ${defaultConfig})
      --postfix DIR    the directory of main.cf and master.cf (default: that of the system)
      --services NAME  whose mail is signed, with commas in between (default: those that are there of submission,
                       submissions, smtps and pickup, and whatever hands mail to Postseal already; pickup is the
                       sendmail command)
      --apply          change the files
      --undo           set back what --apply changed; it refuses where that was changed since, or others use it
      --yes            do not ask

What an administrator has written stays: of the services above only content_filter is replaced. The public port 25
and the return port are never filtered. What was there before is recorded in postseal-wire.json beside main.cf. The
changes take effect with "postfix reload". Mail that waits for Postseal in the queue when they are undone goes on, unsigned,
with "postsuper -r ALL".

Exit status: 0 done, or nothing to do; 64 the command line is wrong, or nobody could be asked; 66 there is nothing to
undo; 69 there is no Postfix, or it does not accept the result: then everything is as it was; 74 a file cannot be
written; 77 this user may not write it; 78 the ini file is wrong, or what is to be undone was changed since, or others
use it.
`;

export async function wire(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('wire', args, {
    config: { type: 'string', short: 'c' },
    postfix: { type: 'string' },
    services: { type: 'string' },
    apply: { type: 'boolean' },
    undo: { type: 'boolean' },
    yes: { type: 'boolean' },
  });
  if (values.apply && values.undo) throw usageError('wire', '--apply and --undo: keep one of the two');
  if (values.undo && values.services !== undefined)
    throw usageError('wire', '--undo takes back everything: leave --services out');
  const yes = values.yes === true;
  if (values.undo) return undo(values.postfix, yes);

  const config = await readIniOrFail(values.config ?? defaultConfig);
  const circumstances = await readCircumstances(config, values.postfix);
  const { settings } = circumstances;
  const services = chosen(circumstances, values.services);
  const place = { directory: values.postfix, path: settings.main('config_directory') };
  // Root alone reads it; others see what it does not tell.
  const earlier = await readRecord(place.path).catch((error: unknown) => {
    if (values.apply) throw error;
    return [];
  });
  const edits = missingEdits(circumstances, services, earlier);
  const names = services.map(service => service.name).join(', ');
  if (edits.length === 0) {
    process.stdout.write(`Nothing to do. Wired to Postseal: ${escaped(names)}.\n`);
    return exit.ok;
  }
  process.stdout.write(await preview(place, edits));
  if (!values.apply) {
    process.stdout.write('\nNothing was changed. postseal wire --apply sets these lines.\n');
    return exit.ok;
  }
  if (!(await agreed(yes, 'Change main.cf and master.cf like this?'))) return exit.ok;
  await applyChecked(place, edits, { earlier, changes: changesOf(edits, settings, earlier) });
  tellDone(`${counted(edits.length, 'change')} made; "postseal wire --undo" takes them back.`);
  return exit.ok;
}

async function undo(directory: string | undefined, yes: boolean): Promise<number> {
  const settings = await readSettings(directory);
  const place = { directory, path: settings.main('config_directory') };
  const earlier = await readRecord(place.path);
  if (earlier.length === 0)
    throw new CommandError(exit.noInput, `nothing to undo: ${recordPath(place.path)} is not there`);
  const { edits, changed } = undoing(earlier, settings);
  if (changed.length > 0) throw changedSince(changed, directory);
  const left = leftBehind(edits, handoversOf(settings, await readTables(settings)));
  if (left.length > 0) throw inUse(left, directory);
  process.stdout.write(await preview(place, edits));
  if (!(await agreed(yes, 'Set main.cf and master.cf back like this?'))) return exit.ok;
  await applyChecked(place, edits, { earlier, changes: [] });
  tellDone('Everything is as it was before "postseal wire".');
  // The filter of a message is in its queue file, of which postqueue tells nothing: nobody knows how many wait.
  process.stdout.write('Then, for mail that waits for Postseal in the queue: postsuper -r ALL\n');
  return exit.ok;
}

/** What somebody has changed since is not ours to take away, and the rest without it may be worse than all. */
function changedSince(
  changed: readonly { readonly change: Change; readonly present: Edit }[],
  directory: string | undefined,
): CommandError {
  const lines = changed.flatMap(({ change: { after, before }, present }) => [
    `${placeOf(after)} was changed since: ${inQuotes(present.value ?? '(taken out)')}`,
    `    as postseal wire left it: ${commandFor(after, directory)}`,
    `    as it was before:         ${commandFor(before, directory)}`,
  ]);
  const how = 'Nothing was undone. Set each of these one way or the other, and try again:';
  return new CommandError(exit.config, how, ...lines);
}

/** Mail for a transport that is not there is deferred. */
function inUse(left: readonly Handover[], directory: string | undefined): CommandError {
  const lines = left.flatMap(({ service, by, destination: { text } }) => {
    if (typeof by === 'object') return [`FILTER ${text} in ${by.table}, for ${service.key}`];
    const name = 'content_filter';
    const edit: Edit =
      by === 'option'
        ? { kind: 'option', service: service.key, name, value: undefined }
        : { kind: 'main', name, value: undefined };
    return [`${placeOf(edit)} = ${text}`, `    ${commandFor(edit, directory)}`];
  });
  const how = 'Nothing was undone: these use what would go. Take each out, and try again:';
  return new CommandError(exit.config, how, ...new Set(lines));
}

/** @throws CommandError (64) for one that there is not, or that must not be filtered */
function chosen(circumstances: Circumstances, names: string | undefined): PostfixService[] {
  if (names === undefined) return usualServices(circumstances);
  const { settings, returnPort, handIns } = new Wiring(circumstances);
  return names.split(',').map(text => {
    const name = text.trim();
    const found = settings.services.find(
      service => service.name === name && ['smtpd', 'pickup'].includes(service.command),
    );
    if (!found) {
      const have = handIns.map(service => service.name).join(', ');
      throw usageError(
        'wire',
        `--services: master.cf has no ${inQuotes(name)} that takes mail (have: ${have})`,
      );
    }
    const refused = (what: string): CommandError =>
      usageError('wire', `--services: ${inQuotes(name)} is ${what}`);
    if (isPublic(found)) {
      const why = 'whoever writes from the Internet would get signatures of yours';
      throw refused(`the public port 25, which must not be filtered: ${why}`);
    }
    if (found === returnPort)
      throw refused('the return port, which must not be filtered: mail would go round in a loop');
    return found;
  });
}

/** @throws CommandError (64) where there is nobody to ask */
async function agreed(yes: boolean, question: string): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new CommandError(
      exit.usage,
      'nothing was changed: there is no terminal to ask on; with --yes nobody is asked',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Ctrl-D is no answer, and no is the safe one.
  const closed = new Promise<string>(resolve =>
    terminal.once('close', () => {
      resolve('');
    }),
  );
  const answer = await Promise.race([terminal.question(`\n${question} [y/N] `), closed]);
  terminal.close();
  if (/^y(?:es)?$/i.test(answer.trim())) return true;
  process.stdout.write('Nothing was changed.\n');
  return false;
}

function tellDone(what: string): void {
  process.stdout.write(`\n${escaped(what)}\nNow: postfix reload\n`);
}
