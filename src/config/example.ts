// The commented example, etc/postseal.ini, rendered from the option tables. Written to the file by
// packaging/example-ini.ts; a test compares.
import { kinds } from './kinds.js';
import type { Option } from './options.js';

const width = 98;

const preamble = [
  'The configuration of Postseal.',
  'What begins with ; and white space is prose. What begins with ; and no white space is a setting with ' +
    'its default, or with an example: to set it take the ; away.',
  'Where every line of a section begins with a ; it is one to copy: take the first ; away from each line.',
  'A value that holds a ; or a # goes into single quotes. A comment may follow a value: white space, then a ;.',
  'Every mistake in the file is told with its line when the service starts.',
];

/** Sections to copy, with what they set; without the values they are as the option table shows them. */
const samples: Readonly<
  Record<string, readonly (readonly [name: string, set: Readonly<Record<string, string>>])[]>
> = {
  certificate: [['billing', { file: '', password_file: '' }]],
  certificates: [['staff', { directory: '' }]],
  rule: [
    ['invoices', { sender: '', certificate: '' }],
    ['staff', { sender: '*@example.com', certificates: '', envelope_sender: 'exact' }],
  ],
  exception: [
    ['feature-phones', { recipient: '' }],
    ['newsletter', { header: '' }],
  ],
};

/** The text of etc/postseal.ini: valid as it is, and a section to copy for every kind that has names. */
export function renderExample(): string {
  const blocks = [preamble.flatMap(comment)];
  for (const [kind, { named, prose, options }] of Object.entries(kinds)) {
    if (!named) {
      const keys = Object.entries(options).map(([key, option]) =>
        describe(option, `;${key} = ${option.text}`),
      );
      blocks.push([...comment(prose), `[${kind}]`, ...keys.flat()]);
      continue;
    }
    const [first, ...more] = samples[kind] ?? [];
    if (!first) throw new Error(`no sample of [${kind}:NAME]`);
    blocks.push([...comment(prose), ...sample(kind, options, ...first, true)]);
    for (const [name, set] of more) blocks.push(sample(kind, options, name, set, false));
  }
  return blocks.map(lines => lines.map(line => `${line}\n`).join('')).join('\n');
}

/** @param full with every option and its prose, otherwise only with what is set */
function sample(
  kind: string,
  options: Readonly<Record<string, Option>>,
  name: string,
  set: Readonly<Record<string, string>>,
  full: boolean,
): string[] {
  const lines = [`[${kind}:${name}]`];
  for (const [key, option] of Object.entries(options)) {
    const value = set[key];
    const setting = `${value === undefined ? ';' : ''}${key} = ${value || option.text}`;
    if (full) lines.push(...describe(option, setting));
    else if (value !== undefined) lines.push(setting);
  }
  return lines.map(line => `;${line}`);
}

function describe({ prose }: Option, setting: string): string[] {
  return [...comment(prose), setting];
}

/** Prose as comment lines, broken at spaces. */
function comment(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map(line => `; ${line}`);
}
