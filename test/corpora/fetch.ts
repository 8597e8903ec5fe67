// Fetches the sources of the manifest into a cache outside git: apt-get and npm as the machine has them set up,
// without rights and without touching its package lists. What is in the cache already needs no network.
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sources, type Source } from './manifest.js';

export const cacheDirectory = join(import.meta.dirname, '..', '..', '.cache', 'corpora');

/** A source whose files are in the cache. */
export interface Fetched {
  readonly source: Source;
  /** The archives that they came in, with their versions: `notmuch_0.37.orig.tar.xz`. */
  readonly archives: readonly string[];
  readonly directory: string;
}

export interface Fetching {
  readonly fetched: readonly Fetched[];
  /** In words, per package, what could not be had. */
  readonly missing: ReadonlyMap<string, string>;
}

/** Within a source's directory: written last, so that an interrupted fetch begins again. */
const record = '.archives';
const unfinished = '.fetching-';

export interface FetchOptions {
  readonly offline: boolean;
  /** Takes lines that tell how it goes. */
  readonly say: (line: string) => void;
}

/** Fetches what the cache lacks. */
export async function fetchSources(cache: string, { offline, say }: FetchOptions): Promise<Fetching> {
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache).filter(n => n.startsWith(unfinished)))
    rmSync(join(cache, name), { recursive: true });
  const missing = new Map<string, string>();
  let apt: Promise<Apt> | undefined;
  for (const source of sources.filter(s => !isCached(cache, s))) {
    if (offline) {
      missing.set(source.package, 'not in the cache');
      continue;
    }
    say(`fetching ${source.package} (${source.registry})`);
    const work = mkdtempSync(join(cache, unfinished));
    try {
      if (source.registry === 'npm') await run('npm', ['pack', '--silent', source.package], work);
      else await (await (apt ??= Apt.create(cache))).download(source.package, work);
      await unpack(source, work, directoryOf(cache, source));
    } catch (error) {
      missing.set(source.package, reasonOf(error));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return { fetched: cached(cache), missing };
}

/** The sources that are in the cache, in the order of the manifest. */
export function cached(cache: string): Fetched[] {
  return sources
    .filter(source => isCached(cache, source))
    .map(source => {
      const directory = directoryOf(cache, source);
      const archives = readFileSync(join(directory, record), 'utf8').trim().split('\n');
      return { source, archives, directory };
    });
}

function directoryOf(cache: string, source: Source): string {
  return join(cache, source.package.replace('@', '-'));
}

function isCached(cache: string, source: Source): boolean {
  return existsSync(join(directoryOf(cache, source), record));
}

/** Extracts what is wanted from the archives in `work` into a directory that appears when all is there. */
async function unpack({ files }: Source, work: string, directory: string): Promise<void> {
  const content = join(work, 'content');
  mkdirSync(content);
  const wanted = files.map(asRegExp);
  const used: string[] = [];
  for (const archive of readdirSync(work).filter(name => /\.(?:tar\.\w+|tgz)$/.test(name))) {
    const names = (await run('tar', ['-tf', archive], work)).split('\n');
    const found = names.filter(name => !name.endsWith('/') && wanted.some(w => w.test(name)));
    // Given no names, tar would extract everything.
    if (found.length === 0) continue;
    used.push(archive);
    writeFileSync(join(work, 'names'), found.map(name => `${name}\n`).join(''));
    const options = ['--no-recursion', '--strip-components=1', '--files-from=names'];
    await run('tar', ['-xf', archive, '-C', content, ...options], work);
  }
  if (used.length === 0) throw new Error('has none of the files wanted');
  writeFileSync(join(content, record), `${used.join('\n')}\n`);
  rmSync(directory, { recursive: true, force: true });
  renameSync(content, directory);
}

/** A path of the manifest, below the archive's top directory. */
function asRegExp(path: string): RegExp {
  const quoted = path.replace(/[^\w*/]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^[^/]+/${quoted}$`);
}

/** apt-get with package lists of its own: the sources (`deb-src`) of the mirrors that the system uses. */
class Apt {
  private constructor(private readonly options: readonly string[]) {}

  static async create(cache: string): Promise<Apt> {
    const state = join(cache, '.apt');
    for (const directory of ['lists/partial', 'cache/archives/partial', 'sources'])
      mkdirSync(join(state, directory), { recursive: true });
    writeSourceLists(join(state, 'sources'));
    const settings = {
      'Dir::Etc::sourcelist': '/dev/null',
      'Dir::Etc::sourceparts': join(state, 'sources'),
      'Dir::State::lists': join(state, 'lists'),
      'Dir::Cache': join(state, 'cache'),
      // Root would hand downloads to a user who cannot write here.
      'APT::Sandbox::User': 'root',
    };
    const apt = new Apt(Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]));
    await run('apt-get', ['-q', ...apt.options, 'update'], cache);
    return apt;
  }

  /** Puts the archives of the newest version into the directory; apt-get checks them against signed lists. */
  async download(name: string, directory: string): Promise<void> {
    const source = ['source', '--download-only', '--only-source', '--tar-only', name];
    await run('apt-get', ['-q', ...this.options, ...source], directory);
  }
}

/** The system's own entries for this release of Debian, asking for sources instead of programs. */
function writeSourceLists(directory: string): void {
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  const parts = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...readdirSync(parts).map(name => join(parts, name))];
  for (const [i, file] of files.filter(f => existsSync(f)).entries()) {
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.sources')) {
      const stanzas = text.split(/\n{2,}/).filter(s => new RegExp(`^Suites:.*\\b${release}\\b`, 'm').test(s));
      const asSource = stanzas.map(s => s.replace(/^Types:.*$/m, 'Types: deb-src'));
      writeFileSync(join(directory, `${i}.sources`), asSource.join('\n\n'));
    } else if (file.endsWith('.list')) {
      const lines = text.split('\n').filter(l => new RegExp(`^deb .*\\b${release}\\b`).test(l));
      writeFileSync(
        join(directory, `${i}.list`),
        lines.map(l => `${l.replace(/^deb /, 'deb-src ')}\n`).join(''),
      );
    }
  }
}

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const environment = { ...process.env, LC_ALL: 'C.UTF-8' };
  return (await promisify(execFile)(program, args, { cwd, env: environment, maxBuffer: 1 << 26 })).stdout;
}

/** Why a package could not be had, without the addresses of mirrors. */
function reasonOf(error: unknown): string {
  const { stderr = '' } = error as { stderr?: string };
  if (stderr.includes('Unable to find a source package')) return 'not in this Debian';
  if (/ 404 /.test(stderr)) return 'not on the mirror';
  const said = stderr.trim().split('\n').at(-1);
  return said === undefined || said === '' ? String(error) : said.replace(/\w+:\/\/\S+/g, '(address)');
}
