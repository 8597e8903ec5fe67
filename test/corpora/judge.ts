// What is wrong with a signed message, compared with the one that went in: nothing, or findings in words.
// All but the signature itself, which is for real verifiers.
import type { Field } from '../../src/mime/header.js';
import { readTree, type Node } from '../support/golden-reader.js';
import { notSevenBit, parseMessage, walkEntity, walkTree } from '../support/golden-sign.js';
import { dissect } from '../support/verifiers.js';
import { knownDisagreement } from './readings.js';

/** Faults of the octets and of the header, and of the content as our own walker reads it. */
export function judge(input: Buffer, output: Buffer, headerProtection: boolean): string[] {
  const { form, entity } = dissect(output);
  const { fields, body } = parseMessage(input);
  const ownType = fields.filter(isContent);
  return [
    ...notSevenBit(bodyOf(output)).map(what => `${what} in the ${form} form`),
    ...outerFaults(fields, parseMessage(output).fields),
    ...(headerProtection ? protectionFaults(fields, parseMessage(entity).fields) : []),
    ...differences('content', walkTree(ownType, body), walkEntity(entity)),
  ];
}

/** Whether a message that was not signed has come through as it was, with one Received field on top. */
export function passedUnchanged(input: Buffer, output: Buffer): boolean {
  const start = output.length - input.length;
  const received = /^Received: .*\r\n(?:\t.*\r\n)*$/;
  return received.test(output.toString('latin1', 0, start)) && output.subarray(start).equals(input);
}

/** The same by another reader. */
export interface SecondOpinion {
  readonly faults: readonly string[];
  /** Why it reads the message that went in otherwise. */
  readonly disagreement?: string;
}

export async function secondOpinion(input: Buffer, output: Buffer): Promise<SecondOpinion> {
  const [before, after] = [await readLeniently(input), await readLeniently(dissect(output).entity)];
  const faults = differences('content for mailsplit', before, after);
  if (faults.length === 0) return { faults };
  const disagreement = knownDisagreement(input);
  return disagreement === undefined ? { faults } : { faults: [], disagreement };
}

export async function readLeniently(entity: Buffer): Promise<Node[]> {
  return (await readTree(entity)).map(withoutEmptyLine);
}

/** mailsplit takes the line end of an empty part now for content and now not; our walker's tree is compared too. */
export function withoutEmptyLine(node: Node): Node {
  return node.content === '\r\n' ? { ...node, content: '' } : node;
}

function bodyOf(message: Buffer): Buffer {
  return message.subarray(message.indexOf('\r\n\r\n') + 4);
}

const isContent = ({ name }: Field): boolean => name.startsWith('content-');
const isStructural = (field: Field): boolean => isContent(field) || field.name === 'mime-version';
const text = (fields: readonly Field[]): string => fields.map(f => f.raw.toString('latin1')).join('');

/** R10: below our Received field every field that says nothing about the content is as it was. */
function outerFaults(before: readonly Field[], after: readonly Field[]): string[] {
  const [received, ...others] = after;
  const outer = (fields: readonly Field[]): string => text(fields.filter(f => !isStructural(f)));
  return [
    ...(received?.name === 'received' ? [] : ['no Received field on top']),
    ...(outer(others) === outer(before) ? [] : ['fields outside the signature are not what they were']),
    ...(after.filter(f => f.name === 'mime-version').length === 1 ? [] : ['not one MIME-Version']),
  ];
}

/** R32 */
const unprotected =
  /^(?:bcc|received|dkim-signature|arc-.*|return-path|delivered-to|authentication-results|resent-.*|hp-outer)$/;

/** R29 to R32: what the signed part says of itself beside its content, and that it says so. */
function protectionFaults(before: readonly Field[], after: readonly Field[]): string[] {
  const wanted = before.filter(f => !isStructural(f) && !unprotected.test(f.name));
  const found = after.filter(f => !isContent(f));
  const type = after.find(f => f.name === 'content-type')?.body ?? '';
  const same =
    wanted.length === found.length &&
    wanted.every(({ name, raw }, i) => name === found[i]!.name && isCopy(raw, found[i]!.raw));
  return [
    ...(same
      ? []
      : [`protected fields are [${names(found)}] instead of [${names(wanted)}], or have changed`]),
    ...(/;\s*hp="?clear"?\s*(?:;|$)/i.test(type) ? [] : [`no hp="clear": ${type}`]),
  ];
}

const names = (fields: readonly Field[]): string => fields.map(f => f.name.slice(0, 40)).join(' ');

/** Sendmail breaks longer lines, though up to 998 octets are allowed. */
const safeLine = 990;

/** Whether a field is as it was, as far as it could stay so. */
function isCopy(before: Buffer, after: Buffer): boolean {
  const [was, is] = [withoutPadding(before), withoutPadding(after)];
  // What is not ASCII is encoded (R16), and a bare CR or LF is no line end any more.
  if (!/^(?:[\t -~]*\r\n)+$/.test(was)) return true;
  const unfolded = (text: string): string => text.replaceAll('\r\n', '');
  return was.split('\r\n').some(l => l.length > safeLine) ? unfolded(was) === unfolded(is) : was === is;
}

/** White space at the end of a line, and a line of nothing else, do not survive relays: they must not be signed. */
function withoutPadding(raw: Buffer): string {
  return raw.toString('latin1').replace(/(?:[ \t]*\r\n)+/g, '\r\n');
}

/** The first difference of two trees, in words. */
export function differences(what: string, before: readonly Node[], after: readonly Node[]): string[] {
  // An octet that is not ASCII cannot stay in a media type (R16), where it has no meaning either.
  const shown = (node: Node | undefined): string =>
    node ? `${node.depth} ${node.type.replace(/[^ -~]+/g, '?')} ${JSON.stringify(node.content)}` : '-';
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const [was, is] = [shown(before[i]), shown(after[i])];
    if (was === is) continue;
    let at = 0;
    while (was[at] === is[at]) at++;
    const from = Math.max(0, at - 40);
    return [
      `${what} differs in node ${i}: …${was.slice(from, at + 40)}… became …${is.slice(from, at + 40)}…`,
    ];
  }
  return [];
}
