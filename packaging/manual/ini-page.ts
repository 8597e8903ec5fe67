// postseal.ini(5), made of the option tables; syntax, passwords and examples stand here.
import { headerOf, kinds } from '../../src/config/kinds.js';
import type { Option, Table } from '../../src/config/options.js';
import {
  bold,
  item,
  list,
  macro,
  marked,
  page,
  paragraphs,
  prose,
  verbatim,
  type Entries,
  type Marks,
  type Release,
} from './roff.js';

const introduction = [
  'The ini file of postseal(8) says where mail comes in and goes out, whose mail is signed with which certificate, and what stays unsigned. It is read when the service starts, and again at SIGHUP (systemctl reload postseal); postseal check reads it and starts nothing.',
];

const syntax = [
  'A section begins with a line in square brackets. Of some kinds there may be several sections, told apart by a name behind a colon, as in [rule:invoices]; it consists of letters, digits, dots, underscores and hyphens. Below stand settings, one in a line: key = value.',
  'Lines that begin with ; or # are comments. So is what follows a value, after white space and a ;.',
  'A value that holds a ; or a # goes into single quotes. In double quotes a backslash is written twice.',
];

const strictness = [
  'What is not understood is a mistake: a section or a key that there is not, one that is given twice, a value that would be cut at a #, a rule with a certificate that no section has. All mistakes are told at once, each with its line and its mend. The service does not start on them (its exit status is 78), and at a reload it goes on with what was in force.',
  'A certificate that cannot be used keeps only its own rules from signing: the service starts, says so, and does with such mail what failure in the rule says.',
];

const values: Entries = [
  [
    'PATTERN',
    'The whole text, in which * stands for any characters and ? for one; or a /regular expression/ in the syntax of RE2, which is found anywhere in it. Case does not matter. Several have commas in between. Addresses are compared with their domains in ASCII.',
  ],
  ['PATH', 'A file or a directory. One that does not begin with / starts at the directory of the ini file.'],
  ['SIZE', 'A number of bytes, or a number with K, M or G, which are powers of 1024.'],
  ['NETWORK', 'An IP address, or a network as in 192.0.2.0/24 or [2001:db8::]/32.'],
  ['NAME', 'The name of another section, unless the key says of what else.'],
];

const passwords = [
  'A password is the first line of the file that password_file names, which root and the group postseal alone should be able to read. Or systemd hands it in: with LoadCredential=billing.pass:/etc/credstore/billing.pass in the unit (systemd.exec(5)) the key is password_credential = billing.pass. In the ini file itself (password) it is warned of. Keys and passwords are in no journal and no message of Postseal.',
];

interface Example {
  readonly title: string;
  readonly ini: string;
}

/** Each is an ini file without a mistake: a test reads them. */
export const examples: readonly Example[] = [
  {
    title: 'One sender, one certificate:',
    ini: `[certificate:billing]
file = certs/billing.p12
password_file = certs/billing.pass

[rule:invoices]
sender = billing@example.com
certificate = billing
`,
  },
  {
    title:
      'Everybody with a certificate of their own in a directory, read again when it changes; colleagues without one send unsigned, automatic mail is never signed, and a newsletter stays as it is:',
    ini: `[certificates:staff]
directory = certs/staff
watch = yes

[rule:noreply]
sender = noreply@example.com, *@robots.example.com
sign = never

[rule:staff]
sender = *@example.com
certificates = staff
envelope_sender = exact
no_certificate = pass

[exception:newsletter]
header = List-Id: *news*
`,
  },
  {
    title: 'LMTP over a UNIX socket, opaque signatures on request, and an event log:',
    ini: `[service]
listen = unix:/run/postseal/in.sock
protocol = lmtp

[events]
file = /var/log/postseal/events.json

[certificate:legal]
file = certs/legal.pem
chain = certs/issuers.pem

[rule:legal]
sender = *@legal.example.com
certificate = legal
mismatch = allow
sign = on-request
form = opaque
`,
  },
];

const files: Entries = [
  ['/etc/postseal/postseal.ini', 'The ini file.'],
  ['/etc/postseal/certs', 'Where keys and certificates may lie: root:postseal, 0750, the files 0640.'],
];

export function iniPage(release: Release): string {
  const title = {
    name: 'postseal.ini',
    section: 5,
    manual: 'File Formats Manual',
    summary: 'rules, certificates and settings of postseal(8)',
  } as const;
  return page(title, release, [
    ['.SH SYNOPSIS', bold('/etc/postseal/postseal.ini')],
    ['.SH DESCRIPTION', ...paragraphs(introduction, marks)],
    ['.SS Syntax', ...paragraphs(syntax, marks)],
    ['.SS Mistakes', ...paragraphs(strictness, marks)],
    ['.SS Values', ...list(values, marks)],
    ['.SS Passwords', ...paragraphs(passwords, marks)],
    ['.SH SECTIONS'],
    ...Object.entries(kinds).map(([kind, { prose: text, options }]) => [
      macro('SS', headerOf(kind)),
      ...prose(text, marks),
      ...settings(options),
    ]),
    [
      '.SH EXAMPLES',
      ...examples.flatMap(({ title: text, ini }, i) => [
        ...(i > 0 ? ['.PP'] : []),
        ...prose(text, marks),
        ...verbatim(ini.trimEnd().split('\n')),
      ]),
    ],
    ['.SH FILES', ...list(files, marks)],
    ['.SH SEE ALSO', ...prose('postseal(8), master(5), systemd.exec(5)', { bold: /[a-z][a-z.]+(?=\()/g })],
  ]);
}

const keys = [...new Set(Object.values(kinds).flatMap(({ options }) => Object.keys(options)))];

/** Sections, keys with their values, and keys that no sentence would have for a word. */
const marks: Marks = {
  bold: new RegExp(
    [
      /\[[a-z]+(?::[a-zA-Z]+)?\]/.source,
      `\\b(?:${keys.join('|')}) = [a-z][\\w.-]*\\w`,
      `\\b(?:${keys.filter(key => key.includes('_')).join('|')})\\b`,
    ].join('|'),
    'g',
  ),
};

function settings(table: Table): string[] {
  const head = (key: string, { parse: { form = '' } }: Option): string =>
    marked(`${key} = ${form}`.replace(/ = $/, ''), {
      bold: /^\w+/g,
      italic: /\b(?:IPv6|[A-Z]{2,})\b/g,
    });
  return sentences(Object.entries(table)).flatMap(group => {
    const text = group.map(([, option]) => option.prose).join(' ');
    const shown = group.flatMap(([key, option]) => [
      '.br',
      presence(group.length > 1 ? `${key} = ` : '', option),
    ]);
    return item(
      group.map(([key, option]) => head(key, option)),
      [...prose(text, marks), ...shown],
    );
  });
}

/** Keys of which one goes on with the sentence of another are told in one. */
function sentences(entries: readonly (readonly [string, Option])[]): (readonly [string, Option])[][] {
  const groups: (readonly [string, Option])[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (last?.at(-1)![1].prose.endsWith(',')) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function presence(before: string, { presence: kind, text }: Option): string {
  const words = { required: 'Must be given, as in', default: 'Default:', optional: 'Example:' };
  return `${words[kind]} ${bold(before + text)}`;
}
