// Writes the copyright file of the Debian packages to standard output: Postseal's licence, and that of every package
// that is installed in DIRECTORY/node_modules. node packaging/licences.mjs DIRECTORY
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const root = process.argv[2];

/** What lies in the directory of a package under one of the usual names. */
function licence(directory) {
  const names = readdirSync(directory).filter(name => /^(licen[sc]e|copying|notice)\b/i.test(name));
  if (names.length === 0) throw new Error(`${directory}: no file with its licence`);
  return names.map(name => readFileSync(join(directory, name), 'utf8').trim()).join('\n\n');
}

const { packages } = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'));
const sections = Object.entries(packages).map(([path, { version }]) => {
  const name = path.replace(/^.*node_modules\//, '');
  return `== ${name} ${version} (/usr/lib/postseal/${path}) ==\n\n${licence(join(root, path))}`;
});
process.stdout.write([`== Postseal ==\n\n${licence(root)}`, ...sections].join('\n\n\n') + '\n');
