// What the debug journal tells: a line of JSON for each detail of a message.
import { outcomes, type Outcome } from '../sentence.js';

/** The details by the name of what happened, in the order in which they come. */
export interface Details {
  readonly envelope: {
    readonly sender: string;
    readonly recipients: readonly string[];
    /** `mail.example.com [192.0.2.1]`; absent where it was refused before there was a message. */
    readonly client?: string;
  };
  readonly decision: {
    readonly recipient: string;
    readonly steps: readonly string[];
    readonly decision: string;
  };
  readonly 're-encoded': {
    readonly mediaType: string;
    readonly from: string;
    readonly to: string;
    readonly because: string;
  };
  readonly signature: {
    readonly certificate: string;
    readonly algorithm: string;
    readonly digest: string;
    readonly form: string;
    readonly headerProtection: boolean;
    readonly signingTime: boolean;
    readonly octets: number;
    /** That the key took. */
    readonly milliseconds: number;
  };
  /** One of the two. */
  readonly 'return port': { readonly copy: string; readonly sent?: string; readonly received?: string };
  /** The return port has answered the end of a copy. */
  readonly 'handed on': { readonly copy: string; readonly milliseconds: number };
  readonly failure: { readonly reason: string };
  readonly done: {
    readonly size: number;
    readonly milliseconds: number;
    readonly reply: string;
    readonly groups: readonly ToldGroup[];
  };
}

/** Recipients that were treated alike, and what became of them. */
export interface ToldGroup {
  readonly recipients: readonly string[];
  readonly outcome: Outcome;
  readonly rule?: string;
  /** What they heard, where it is not the reply to the message. */
  readonly reply?: string;
}

export type Happening = keyof Details;

export type Detail = {
  readonly [H in Happening]: {
    readonly message: H;
    /** Postfix's queue id, or NOQUEUE. */
    readonly id: string;
    /** Of the message, counted from the start of the service: several are NOQUEUE. */
    readonly number: number;
    readonly timestamp: string;
  } & Details[H];
}[Happening];

type Check = (value: unknown) => boolean;

const isText: Check = value => typeof value === 'string';
const isNumber: Check = value => typeof value === 'number';
const isTruth: Check = value => typeof value === 'boolean';
const isTexts: Check = value => Array.isArray(value) && value.every(isText);
const isTextOrAbsent: Check = value => value === undefined || isText(value);
const isGroups: Check = value =>
  Array.isArray(value) &&
  value.every(
    (group: Partial<ToldGroup> | null) =>
      isTexts(group?.recipients) &&
      outcomes.some(name => name === group?.outcome) &&
      isTextOrAbsent(group?.rule) &&
      isTextOrAbsent(group?.reply),
  );

const common: Readonly<Record<string, Check>> = {
  id: isText,
  number: isNumber,
  timestamp: value => isText(value) && !Number.isNaN(Date.parse(value as string)),
};

const shapes: { readonly [H in Happening]: { readonly [K in keyof Details[H]]-?: Check } } = {
  envelope: { sender: isText, recipients: isTexts, client: isTextOrAbsent },
  decision: { recipient: isText, steps: isTexts, decision: isText },
  're-encoded': { mediaType: isText, from: isText, to: isText, because: isText },
  signature: {
    certificate: isText,
    algorithm: isText,
    digest: isText,
    form: isText,
    headerProtection: isTruth,
    signingTime: isTruth,
    octets: isNumber,
    milliseconds: isNumber,
  },
  'return port': { copy: isText, sent: isTextOrAbsent, received: isTextOrAbsent },
  'handed on': { copy: isText, milliseconds: isNumber },
  failure: { reason: isText },
  done: { size: isNumber, milliseconds: isNumber, reply: isText, groups: isGroups },
};

/** The detail that a line holds; undefined where it is something else. */
export function parseDetail(line: string): Detail | undefined {
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    const { message } = value;
    if (typeof message !== 'string' || !Object.hasOwn(shapes, message)) return undefined;
    const checks: Readonly<Record<string, Check>> = { ...common, ...shapes[message as Happening] };
    return Object.entries(checks).every(([key, check]) => check(value[key]))
      ? (value as unknown as Detail)
      : undefined;
  } catch {
    return undefined;
  }
}
