// Examines every so-many-th message of the corpora, and tells what became of each.
import { Verifiers } from '../support/verifiers.js';
import { loadIdentity } from './attempt.js';
import { Examiner, type Examination } from './examine.js';
import { cached } from './fetch.js';
import { readMessages } from './messages.js';
import { tell } from './watched.js';

export interface Task {
  readonly cache: string;
  /** PEM of key and certificate, and of the root that it leads to. */
  readonly identity: string;
  readonly root: string;
  /** This worker takes the messages whose number leaves `part` when divided by `parts`. */
  readonly part: number;
  readonly parts: number;
  /** NSS and GnuPG verify one message in so many. */
  readonly sample: number;
}

export interface Examined extends Examination {
  readonly source: string;
  readonly name: string;
}

const { cache, identity: file, root, part, parts, sample } = JSON.parse(process.argv[2]!) as Task;
const verifiers = new Verifiers(root);
try {
  const examiner = new Examiner(await loadIdentity('corpora', file), root, verifiers);
  let number = 0;
  for (const { source, name, bytes } of readMessages(cached(cache))) {
    if (number++ % parts !== part) continue;
    tell({ begins: `${source}/${name}` });
    const examination = await examiner.examine(bytes, Math.floor(number / parts) % sample === 0);
    tell({ source, name, ...examination } satisfies Examined);
  }
} finally {
  verifiers.close();
}
