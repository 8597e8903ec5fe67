// What an option of the ini file is: its parser, its default and one sentence; and the parsers of those that
// [signing] and rules share.
import { digests, type Digest, type DigestName } from '../algorithms.js';
import { choice, mapped, type Parser } from './parsers.js';

type Presence = 'required' | 'default' | 'optional';

export interface Option<T = unknown, P extends Presence = Presence> {
  readonly presence: P;
  readonly parse: Parser<T>;
  /** As it would stand in the file: the default, or for want of one an example. */
  readonly text: string;
  /** What it is for, in one sentence. */
  readonly prose: string;
}

export type Table = Readonly<Record<string, Option>>;

/** What a section with this table gives when nothing in it is wrong. */
export type Values<T extends Table> = {
  readonly [K in keyof T as T[K]['presence'] extends 'optional' ? never : K]: ValueOf<T[K]>;
} & {
  readonly [K in keyof T as T[K]['presence'] extends 'optional' ? K : never]?: ValueOf<T[K]>;
};
type ValueOf<O> = O extends Option<infer T> ? T : never;

export function required<T>(parse: Parser<T>, example: string, prose: string): Option<T, 'required'> {
  return { presence: 'required', parse, text: example, prose };
}

export function preset<T>(parse: Parser<T>, text: string, prose: string): Option<T, 'default'> {
  return { presence: 'default', parse, text, prose };
}

export function optional<T>(parse: Parser<T>, example: string, prose: string): Option<T, 'optional'> {
  return { presence: 'optional', parse, text: example, prose };
}

export const digest = mapped(
  choice<DigestName>(['sha256', 'sha384', 'sha512', 'sha1']),
  (name): Digest => digests[name],
);
export const form = choice(['clear', 'opaque']);
export const signature = choice(['auto', 'rsa-pss']);
export const whenUnable = choice(['defer', 'reject', 'pass']);
