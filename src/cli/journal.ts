// `postseal journal`: searches the event log or the debug journal, follows them, and switches the debug journal.
import { setTimeout as sleep } from 'node:timers/promises';
import { outcomes } from '../events/event.js';
import { defaultConfig, parseOptions, usageError } from './arguments.js';
import { exit } from '../exit.js';
import { OffWatch, runningDebugFile, switchDebug, usualTime } from './journal-debug.js';
import { EventFinder, StoryFinder } from './journal-finders.js';
import { queryOptions, readLast, readQuery } from './journal-query.js';
import { configuredLog, isFile, Search, sourcesOf, type Source } from './log-search.js';
import { timeForms } from './time.js';

export const journalHelp = `Usage: postseal journal [OPTION]...
       postseal journal --debug on [--for TIME] [--sender PATTERN]... | off | show

Searches the event log, in which the service tells what became of each message: one event for each group of
recipients that were treated alike. Everything that is asked for must hold; an option that is given several times
takes what one of its values takes.

      --address PATTERN   the sender or a recipient: an address, a pattern with * and ?, or /a regular expression/
      --queue-id ID       Postfix's queue id
      --rule NAME         what was decided by this rule
      --outcome OUTCOME   ${outcomes.join(', ')}
      --since TIME        from then on
      --until TIME        before then
      --last N            only the last N (with --follow and without --since: 10)
  -f, --follow            go on with what comes, until SIGINT or SIGTERM
      --json              one JSON object a line, for programs
  -c, --config FILE       the ini file that names the event log (default ${defaultConfig})
      --file FILE         an event log itself, - for standard input; may be repeated, without --follow
      --debug-file FILE   a file of the debug journal instead, - for standard input: whole messages, with every step

TIME is one of ${timeForms};
local, unless it says otherwise.

What logrotate made of a log is read before it: FILE-20241102.gz, FILE.2.gz, FILE.1, FILE. Lines that are nothing
of the kind are skipped, and counted on standard error.

With --debug it switches the debug journal of the running service. While that is on, --follow shows each message with
its chain of decisions, once it is done.

      --debug on          switch the debug journal on; it switches itself off again
      --for TIME          after so long, at most 24h (default ${usualTime})
      --sender PATTERN    only for mail of these envelope senders or authors, written like the senders of a rule
      --debug off         switch it off
      --debug show        tell whether it is on, for whom, until when, and where it goes

  postseal journal --follow --outcome deferred --outcome rejected
  postseal journal --address '*@example.net' --since yesterday
  postseal journal --queue-id 81073210550
  postseal journal --since 7d --json | jq -r 'select(.certificate == "billing") | .recipients[]'
  postseal journal --debug on --for 10m --sender billing@example.com && postseal journal --follow
  postseal journal --debug-file /var/log/postseal/debug.json --queue-id 81073210550

Exit status: 0, whether there is such an event or not; 66 a log cannot be read, or one that it was rotated to; 69 no
service with this ini file answers; 75 the debug journal cannot be switched on; 78 the ini file names no log, or is
wrong; 64 the command line is wrong; 74 nobody reads what it prints.
`;

/** So often a log is looked at for more, in milliseconds. */
const interval = 250;
/** A message of which so long nothing was told is shown as it is: it was left unfinished. */
const patience = 600_000;
/** What --follow begins with. */
const usualLast = 10;

export async function journal(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('journal', args, {
    ...queryOptions,
    last: { type: 'string' },
    follow: { type: 'boolean', short: 'f' },
    json: { type: 'boolean' },
    config: { type: 'string', short: 'c' },
    file: { type: 'string', multiple: true },
    'debug-file': { type: 'string' },
    debug: { type: 'string' },
    for: { type: 'string' },
    sender: { type: 'string', multiple: true },
  });
  const { config = defaultConfig, debug, for: time, sender, ...search } = values;
  if (debug !== undefined) {
    const [other] = Object.keys(search);
    if (other !== undefined) throw usageError('journal', `--debug and --${other}: keep one of the two`);
    return switchDebug(
      { debug, ...(time !== undefined && { for: time }), ...(sender && { sender }) },
      config,
    );
  }
  if (time !== undefined || sender)
    throw usageError('journal', '--for and --sender go with --debug on; --address searches');
  const follow = search.follow === true;
  const json = search.json === true;
  const query = readQuery(search, new Date());
  const last = readLast(search.last) ?? (follow && !query.since ? usualLast : undefined);
  const files = search.file && [...new Set(search.file)];
  const named = search['debug-file'];
  if (named !== undefined && files)
    throw usageError('journal', '--debug-file and --file: keep one of the two');
  if (named !== undefined && json)
    throw usageError('journal', '--debug-file and --json: its lines are JSON already');
  if (follow && query.until) throw usageError('journal', '--until and --follow: keep one of the two');
  if (follow) await checkGrows(named === undefined ? files : [named]);
  const asks = follow && !files && named === undefined && !json;
  const debugFile = asks ? await runningDebugFile(config) : named;
  const finder = debugFile === undefined ? new EventFinder(query, json) : new StoryFinder(query);
  const paths = debugFile === undefined ? (files ?? [await configuredLog(config)]) : [debugFile];

  const end = new AbortController();
  const stop = (): void => {
    end.abort();
  };
  process.stdout.on('error', stop); // nobody reads it any more
  if (follow) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const searching = new Search(finder, end.signal);
  const print = (found: string): void => {
    process.stdout.write(finder.show(found));
  };

  const sources: Source[] = [];
  for (const path of paths) sources.push(...(await sourcesOf(path, follow)));
  // Of the debug journal, which may be large, not all of the past when it is followed.
  const past = follow && finder.spansFiles ? sources.slice(-2) : sources;
  if (last === undefined) for await (const found of searching.each(past, !follow)) print(found);
  else for (const found of await searching.last(past, !follow, last)) print(found);
  const watch = asks && debugFile !== undefined ? new OffWatch(config) : undefined;
  while (follow && !end.signal.aborted) {
    for await (const found of searching.in(sources.at(-1)!)) print(found);
    for (const found of finder.rest(new Date(Date.now() - patience))) print(found);
    await watch?.look();
    await sleep(interval, undefined, { signal: end.signal }).catch(() => undefined);
  }
  if (follow) for (const found of finder.rest()) print(found);
  for (const source of sources) await source.close?.();
  searching.tellSkipped();
  return searching.failed ? exit.noInput : exit.ok;
}

/** @throws CommandError (64) where nothing can come to what was named */
async function checkGrows(files: readonly string[] | undefined): Promise<void> {
  const [file] = files ?? [];
  if (files && files.length > 1) throw usageError('journal', '--follow takes one --file');
  if (file?.endsWith('.gz') === true) throw usageError('journal', '--follow: nothing comes to a .gz');
  if (file !== undefined && !(await isFile(file)))
    throw usageError('journal', `--follow: ${file} is not a file that grows`);
}
