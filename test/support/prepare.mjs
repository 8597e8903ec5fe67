// What a fresh clone needs before anything of it can run, with Node alone: shared by `npm test`,
// `npm run demo` and `npm run bench`. Says what it does; does nothing where nothing is to do.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Prints one line about what goes on, aside from the output of the program itself. */
export function say(text) {
  process.stderr.write(`▸ ${text}\n`);
}

/** Installs the dependencies and compiles to dist/, each where it is missing or not current. */
export function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    say(`Node ${process.versions.node} is too old: Postseal needs 20.19 or later.`);
    process.exit(69);
  }
  const lacking = staleDependencies();
  if (lacking) {
    say(`Installing the dependencies (npm ci): ${lacking}.`);
    npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  const outdated = staleBuild();
  if (outdated) {
    say(`Compiling to dist/ (npm run build): ${outdated}.`);
    npm(['run', '--silent', 'build']);
  }
}

/** For vitest, too, run without `npm test`. */
export { prepare as setup };

/** Runs a TypeScript file or a program of the dependencies to its end, and ends with its exit code. */
export function runAndExit(args) {
  process.exit(run(process.execPath, args));
}

/** Why node_modules is not what package-lock.json asks for, or undefined. */
function staleDependencies() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const found = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!found) return 'node_modules is missing';
  for (const [path, { version, optional }] of Object.entries(wanted ?? {})) {
    // Optional ones are for other systems.
    if (path !== '' && !optional && found[path]?.version !== version)
      return `${path.replace(/^.*node_modules\//, '')} ${version} is missing`;
  }
  return undefined;
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Why dist/ is not what src/ would compile to, or undefined. */
function staleBuild() {
  const built = modified(join(root, 'dist', 'main.js'));
  if (built === 0) return 'dist is missing';
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name));
  const inputs = ['package.json', 'tsconfig.json', 'tsconfig.build.json'].map(name => join(root, name));
  const newer = [...sources, ...inputs].find(file => modified(file) > built);
  return newer && `${newer.slice(root.length + 1)} is newer`;
}

function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function npm(args) {
  // Under `npm run` this is npm's own script; it runs with the same Node, whatever is in the PATH.
  const script = process.env['npm_execpath'];
  const status = script?.endsWith('.js') ? run(process.execPath, [script, ...args]) : run('npm', args);
  if (status !== 0) {
    say(`npm ${args[0] === 'ci' ? 'ci' : 'run build'} failed.`);
    process.exit(status);
  }
}

/** @returns the exit code */
function run(program, args) {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (error) say(`${program}: ${error.message}`);
  return status ?? (signal === 'SIGINT' ? 130 : 70);
}
