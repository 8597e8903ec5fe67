// The header field in which a message asks for a signature, or for none.
import type { MessageFacts } from './message.js';

export interface Request {
  /** Whether a signature is asked for; undefined where nothing is said, or nothing that can be understood. */
  readonly asked?: boolean;
  /** Why it cannot be understood. */
  readonly warning?: string;
}

const yes = new Set(['true', 't', 'yes', 'y', 'on', '1', 'sign']);
const no = new Set(['false', 'f', 'no', 'n', 'off', '0', 'none', 'never']);

/** Reads all fields of that name: what is nonsense, or contradicts itself, counts for nothing. */
export function readRequest(name: string | undefined, { fields }: Pick<MessageFacts, 'fields'>): Request {
  if (name === undefined) return {};
  const bodies = fields.filter(f => f.name === name.toLowerCase()).map(f => f.body);
  if (bodies.length === 0) return {};
  const answers = bodies.map(truth);
  const nonsense = answers.indexOf(undefined);
  if (nonsense !== -1)
    return { warning: `${name} is neither true nor false: "${bodies[nonsense]!.slice(0, 40)}"` };
  const [asked] = answers as [boolean];
  if (answers.some(answer => answer !== asked)) return { warning: `${name} is both true and false` };
  return { asked };
}

function truth(body: string): boolean | undefined {
  const word = plain(body).toLowerCase();
  if (yes.has(word)) return true;
  return no.has(word) ? false : undefined;
}

/** Without comments, quotes and the white space around (RFC 5322 §3.2.2, §3.2.4). */
function plain(body: string): string {
  let depth = 0;
  let text = '';
  for (const [token] of body.matchAll(/\\.|[^]/gs)) {
    if (token === '(') depth++;
    else if (token === ')' && depth > 0) depth--;
    else if (depth === 0) text += token;
  }
  return text
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .trim();
}
