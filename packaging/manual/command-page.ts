// postseal(8), made of the commands' helps and the table of exit codes; what belongs to no command stands here.
import type { Commands } from '../../src/cli/commands.js';
import { exit, meanings } from '../../src/exit.js';
import { helpsOf, partsOf, placeholders, type Block, type NamedHelp } from './help.js';
import {
  bold,
  italic,
  item,
  list,
  macro,
  marked,
  paragraphs,
  page,
  prose,
  verbatim,
  type Entries,
  type Marks,
  type Release,
} from './roff.js';

const options = /(?<![\w-])--?[a-z][a-z-]*/g;
const keys = /\b[a-z]+_[a-z_]+\b/g;
const lead = /^Exit status:/g;

const description = [
  'Postseal signs outgoing mail with S/MIME on the mail server. It is a Postfix after-queue content filter: Postfix hands it each message over SMTP or LMTP, Postseal decides by rules whether it is to be signed and with which certificate, wraps it as it streams through, and hands it back to Postfix on a return port.',
  'Postfix hears 250 only after the return port has accepted. A fault in between is a 4xx reply, and the mail stays in the queue of Postfix. What is not signed passes byte for byte, with one Received field on top.',
  'Rules, certificates and exceptions stand in postseal.ini(5). The service is postseal serve, which systemd runs as postseal.service; the other commands are for the administrator.',
];

const signals: Entries = [
  [
    'SIGTERM, SIGINT',
    'end postseal serve. Idle connections are told to come back; messages in flight finish within shutdown_timeout, and what does not make it stays in the queue of Postfix. A second signal ends at once. They end postseal journal --follow, too.',
  ],
  [
    'SIGHUP',
    'lets postseal serve read the ini file, keys and certificates again, and open its log files anew, without losing a connection; so does systemctl reload postseal. With a mistake in the ini file everything stays as it was.',
  ],
];

const files: Entries = [
  ['/etc/postseal/postseal.ini', 'The ini file, unless --config names another one.'],
  ['/var/log/postseal', 'Where the event log and the debug journal belong; logrotate(8) takes *.json there.'],
];

const environment: Entries = [
  ['CREDENTIALS_DIRECTORY', 'Where systemd has put the credentials that password_credential names.'],
  ['JOURNAL_STREAM', 'Set by systemd: then the journal adds the time, and Postseal writes none.'],
  [
    'NODE_EXTRA_CA_CERTS',
    'A file of further authorities that the server of the webhook may have its certificate of.',
  ],
  ['NO_COLOR', 'Where it is not empty, there is no colour on a terminal.'],
];

const examples: Entries = [
  [
    'After a change of the ini file or of a certificate:',
    'postseal check && postseal test && systemctl reload postseal',
  ],
  [
    'What would become of a message, and why:',
    'postseal explain --sender billing@example.com --recipient kim@example.net < message.eml',
  ],
  ['What became of it, in the event log:', 'postseal journal --address kim@example.net --since yesterday'],
  ['Whether what arrived verifies:', 'postseal verify --ca company-root.pem arrived.eml'],
];

export function commandPage(commands: Commands, release: Release): string {
  const helps = helpsOf(commands);
  const title = {
    name: 'postseal',
    section: 8,
    manual: "System Manager's Manual",
    summary: 'sign outgoing mail with S/MIME, as a content filter of Postfix',
  } as const;
  const usages = [
    ...helps.filter(({ subcommands }) => subcommands.length === 0).flatMap(({ usage }) => usage),
    'postseal [COMMAND] --help',
    'postseal --version',
  ];
  const own: Marks = { bold: union(options, keys), italic: /\bCOMMAND\b/g };
  const codes = Object.entries(exit).map(
    ([name, code]) => [String(code), meanings[name as keyof typeof exit]] as const,
  );
  return page(title, release, [
    ['.SH SYNOPSIS', ...usages.flatMap(synopsis)],
    ['.SH DESCRIPTION', ...paragraphs(description, own)],
    ['.SH COMMANDS', ...helps.flatMap(subsection)],
    ['.SH SIGNALS', ...list(signals, own)],
    [
      '.SH EXIT STATUS',
      ...prose('Those of sysexits.h; each command tells above what they mean for it.', own),
    ],
    list(codes, own),
    ['.SH FILES', ...list(files, own)],
    ['.SH ENVIRONMENT', ...list(environment, own)],
    [
      '.SH EXAMPLES',
      ...examples.flatMap(([text, line], i) => [
        ...(i > 0 ? ['.PP'] : []),
        ...prose(text, own),
        ...verbatim([line]),
      ]),
    ],
    [
      '.SH SEE ALSO',
      ...prose('postseal.ini(5), postfix(1), master(5), systemctl(1), logrotate(8), openssl-cms(1ssl)', {
        bold: /[a-z][a-z.-]+(?=\()/g,
      }),
      '.PP',
      'RFC 8551, S/MIME 4.0 Message Specification',
    ],
  ]);
}

/** What is called, and each of its arguments in one piece. */
function synopsis(usage: string): string[] {
  const { call, parts } = partsOf(usage);
  const marks = { bold: options, italic: /\b[A-Z][A-Z-]+\b/g };
  return [macro('SY', call), ...parts.map(part => marked(part, marks).replaceAll(' ', '\\ ')), '.YS'];
}

function subsection(help: NamedHelp): string[] {
  const stands = placeholders(help).join('|');
  const marks: Marks = {
    bold: union(options, keys, lead),
    ...(stands !== '' && { italic: new RegExp(`\\b(?:${stands})\\b`, 'g') }),
  };
  const body = help.blocks.flatMap((block, i) => rendered(block, marks, i === 0));
  return [macro('SS', `postseal ${help.words}`), ...body];
}

function rendered(block: Block, marks: Marks, first: boolean): string[] {
  switch (block.kind) {
    case 'paragraph':
      return [...(first ? [] : ['.PP']), ...prose(block.text, marks)];
    case 'verbatim':
      return verbatim(block.lines);
    case 'options':
      return block.options.flatMap(({ short, long, value, prose: text }) => {
        const names = [short, long].flatMap(name => (name === undefined ? [] : [bold(name)])).join(', ');
        const head =
          value === undefined ? names : `${names} ${/^[A-Z]/.test(value) ? italic(value) : bold(value)}`;
        return item([head], prose(text, marks));
      });
  }
}

function union(...expressions: readonly RegExp[]): RegExp {
  return new RegExp(expressions.map(({ source }) => source).join('|'), 'g');
}
