// A command's help in the format of the house, taken apart: usage lines, then paragraphs, lists of options, and what
// is indented otherwise, to be shown as it is. Manual and completion are made of it.
import type { Commands } from '../../src/cli/commands.js';

export interface HelpOption {
  /** `-c` */
  readonly short?: string;
  /** `--config` */
  readonly long: string;
  /** What stands for its value, `FILE`; or a value as it is, `on`, where each has a line of its own. */
  readonly value?: string;
  readonly prose: string;
}

export type Block =
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'options'; readonly options: readonly HelpOption[] }
  | { readonly kind: 'verbatim'; readonly lines: readonly string[] };

export interface Help {
  /** One line each, as in `postseal check [--config FILE]`. */
  readonly usage: readonly string[];
  readonly blocks: readonly Block[];
}

/** A command with the words that call it: `check`, `cert add`. */
export interface NamedHelp extends Help {
  readonly words: string;
  readonly subcommands: readonly string[];
}

/** Each command, its subcommands behind it. */
export function helpsOf(commands: Commands, before = ''): NamedHelp[] {
  return Object.entries(commands).flatMap(([name, { help, subcommands = {} }]) => {
    const words = before === '' ? name : `${before} ${name}`;
    return [
      { words, subcommands: Object.keys(subcommands), ...parseHelp(help) },
      ...helpsOf(subcommands, words),
    ];
  });
}

/** @throws Error where it is not in the format */
export function parseHelp(text: string): Help {
  const [usage = '', ...rest] = text.trimEnd().split(/\n\n+/);
  if (!usage.startsWith('Usage: postseal')) throw new Error(`no usage line: ${usage}`);
  // A further line is another usage, or goes on with the one before.
  const lines = usage.replace('Usage: ', '').split(/\n +(?=postseal )/);
  return { usage: lines.map(joined), blocks: rest.flatMap(block => runs(block).map(parseRun)) };
}

/** Lines that are indented, and lines that are not, by themselves. */
function runs(block: string): string[][] {
  const found: string[][] = [];
  for (const line of block.split('\n')) {
    const run = found.at(-1);
    if (run?.[0]!.startsWith(' ') === line.startsWith(' ')) run.push(line);
    else found.push([line]);
  }
  return found;
}

function parseRun(lines: readonly string[]): Block {
  if (!lines[0]!.startsWith(' ')) return { kind: 'paragraph', text: joined(lines.join('\n')) };
  if (!/^ +-/.test(lines[0]!)) return { kind: 'verbatim', lines: undented(lines) };
  const options: HelpOption[] = [];
  for (const line of lines) {
    const [, short, long, value, prose] =
      /^ +(?:(-\w), +)?(--[a-z][a-z-]*)(?: ([A-Z][A-Z-]*|[a-z]+))? {2,}(\S.*)$/.exec(line) ?? [];
    const last = options.at(-1);
    if (long !== undefined)
      options.push({ long, prose: prose!, ...(short && { short }), ...(value && { value }) });
    else if (last && /^ {8,}[^ -]/.test(line))
      options[options.length - 1] = { ...last, prose: `${last.prose} ${line.trim()}` };
    else throw new Error(`neither an option nor more of one: ${line}`);
  }
  return { kind: 'options', options };
}

export function optionsOf({ blocks }: Help): HelpOption[] {
  return blocks.flatMap(block => (block.kind === 'options' ? block.options : []));
}

/** The words that call a command, and its arguments, each with what belongs to it: `[--ca FILE]...`, `< in.eml`. */
export function partsOf(usage: string): { call: string; parts: string[] } {
  const [, call = '', rest = ''] = /^(postseal(?: [a-z][a-z-]*)*) ?(.*)$/.exec(usage) ?? [];
  return { call, parts: rest.match(/\[[^\]]*\](?:\.\.\.)?|(?:[<>]|--[a-z-]+(?= [A-Z])) \S+|\S+/g) ?? [] };
}

/** What stands for arguments that belong to no option: `FILE`. */
export function operandsOf({ usage }: Help): string[] {
  return usage.flatMap(line => partsOf(line).parts).flatMap(part => /^\[?([A-Z]+)\b/.exec(part)?.[1] ?? []);
}

/** The words in capitals that stand for something. */
export function placeholders(help: Help): string[] {
  const shown = [...help.usage, ...optionsOf(help).map(({ value = '' }) => value)].join(' ');
  return [...new Set(shown.match(/\b[A-Z][A-Z-]*\b/g) ?? [])];
}

function joined(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

function undented(lines: readonly string[]): string[] {
  const margin = Math.min(...lines.map(line => /^ */.exec(line)![0].length));
  return lines.map(line => line.slice(margin));
}
