// The rules of the house (design.md, "Who may import whom"), held by reading the sources.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import ts from 'typescript';

const root = join(import.meta.dirname, '..', 'src');

interface Source {
  /** As `mime/walk`. */
  readonly name: string;
  readonly text: string;
  /** Our own files by name, packages by theirs. */
  readonly imports: readonly string[];
}

const sources: Source[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => {
    const text = readFileSync(join(root, path), 'utf8');
    const { importedFiles } = ts.preProcessFile(text);
    const own = (name: string): string =>
      name.startsWith('.') ? relative(root, join(root, path, '..', name)).replace(/\.js$/, '') : name;
    return { name: path.replace(/\.ts$/, ''), text, imports: importedFiles.map(file => own(file.fileName)) };
  });

/** The words that everybody may use. */
const words =
  'address envelope algorithms identity failure decision entry if-there next-hop outcomes printable sentence slices'.split(
    ' ',
  );
/** What reads the encodings of others, for those who sign and those who verify. */
const readers = ['asn1', 'x509'];
const message = ['journal', 'debug', 'rules', 'mime', 'cms'];

/** Who may import whom: a file of src, or a directory for all its files. */
const arrows: Record<string, readonly string[]> = {
  ...Object.fromEntries(words.map(word => [word, words])),
  journal: ['debug', ...words],
  debug: ['debug', ...words],
  ...Object.fromEntries(['rules', 'mime', 'smtp'].map(area => [area, [area, ...words]])),
  certs: ['certs', 'version', ...readers, ...words],
  cms: ['cms', ...readers, ...words],
  asn1: [],
  x509: ['asn1'],
  issue: ['issue', 'cms', ...readers, ...words],
  verify: ['verify', 'cms', 'mime', ...readers, ...words],
  config: ['config', 'rules', ...words],
  received: [...words, ...message],
  facts: [...words, ...message],
  garbage: [],
  grouped: [],
  blocks: ['garbage'],
  copy: ['blocks', ...words, ...message],
  copies: ['copy', ...words],
  groups: ['copy', 'copies', ...words, ...message],
  filter: ['received', 'facts', 'copies', 'groups', ...words, ...message],
  events: ['events', 'journal', ...words],
  wiring: ['wiring', 'config', ...words],
  exit: ['printable'],
  version: [],
  service: [...new Set(sources.map(s => areaOf(s.name)))].filter(area => area !== 'main' && area !== 'cli'),
  cli: [...new Set(sources.map(s => areaOf(s.name)))].filter(area => area !== 'main'),
  main: ['cli', 'printable'],
};

function areaOf(name: string): string {
  return name.split('/')[0]!;
}

/** Whether an import names a file of ours; packages and node: modules are looked at below. */
const isOwn = (name: string): boolean => sources.some(s => s.name === name);

describe('imports', () => {
  test.each(sources.map(s => [s.name, s] as const))('%s keeps to the arrows', (name, source) => {
    const allowed = arrows[areaOf(name)];
    expect(allowed, 'a file that the design does not know').toBeDefined();
    const forbidden = source.imports.filter(i => isOwn(i) && !allowed!.includes(areaOf(i)));
    expect(forbidden).toEqual([]);
  });

  test('every import of a file was understood', () => {
    const unknown = sources.flatMap(s =>
      s.imports.filter(i => /^\.|^[a-z-]+\/[a-z-]+$/.test(i) && !isOwn(i)),
    );
    expect(unknown).toEqual([]);
    expect(sources.flatMap(s => s.imports).filter(isOwn).length).toBeGreaterThan(100);
  });

  /** A library's quirks live in the one place that wraps it (style.md, 16). */
  test.each([
    ['winston', ['journal']],
    ['prom-client', ['service/metrics']],
    ['ini', ['config/value']],
    ['node-forge', ['asn1', 'certs/pbe']],
    ['re2js', ['rules/pattern']],
    ['smtp-server', ['smtp/connection', 'smtp/inbound']],
    ['nodemailer', ['smtp/session']],
  ])('only its wrapper imports %s', (library, wrappers) => {
    const importers = sources.filter(s => s.imports.some(i => i === library || i.startsWith(`${library}/`)));
    expect(importers.map(s => s.name).sort()).toEqual(wrappers);
  });

  /** Cores take clock, randomness and files as values (style.md, 2). */
  test.each([
    'rules',
    'mime',
    'cms',
    'issue',
    'verify',
    'wiring',
    'address',
    'facts',
    'received',
    'filter',
    'copy',
    'copies',
    'groups',
    'identity',
    'decision',
  ])('%s touches neither files nor sockets nor clock nor chance', area => {
    const own = sources.filter(s => areaOf(s.name) === area);
    expect(own).not.toEqual([]);
    const io = /^node:(?:fs|net|tls|http|child_process|os|process|timers|stream)/;
    for (const { name, text, imports } of own) {
      expect(
        imports.filter(i => io.test(i)),
        name,
      ).toEqual([]);
      expect(text, name).not.toMatch(/Date\.now\(|new Date\(\)|Math\.random\(|randomBytes|process\./);
    }
  });
});

describe('one place for each thing', () => {
  test('only failure.ts writes the replies of failures', () => {
    // 250 is no failure; the rest of the numbers of SMTP are compared with and passed on, but not made elsewhere.
    const made = sources
      // HTTP has numbers of its own.
      .filter(s => s.name !== 'failure' && s.name !== 'service/http')
      .flatMap(s =>
        [...withoutComments(s.text).matchAll(/code: [45]\d\d|\(\s*[45]\d\d,|['"`][45]\d\d[ -][45]\.\d/g)].map(
          m => `${s.name}: ${m[0]}`,
        ),
      );
    expect(made).toEqual([]);
  });

  test('only main.ts sets the exit status, and nobody ends the process at once', () => {
    const users = sources.filter(s => /process\.exit/.test(withoutComments(s.text)));
    expect(users.map(s => s.name)).toEqual(['main']);
    expect(users[0]!.text).not.toMatch(/process\.exit\(/);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|(?<![:'"`])\/\/.*$/gm, '');
}

describe('files', () => {
  test.each(sources.map(s => [s.name, s] as const))(
    '%s opens by saying what it is, and stays small',
    (_, { text }) => {
      expect(text).toMatch(/^(?:#!.*\n)?\/\/ \S/);
      expect(text.split('\n').length).toBeLessThanOrEqual(301);
    },
  );
});
