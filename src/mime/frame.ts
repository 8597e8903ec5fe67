// What both frames of a signed message share: the fields that stay outside, and the entity, hashed as it passes.
import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '../algorithms.js';
import type { Field } from './header.js';
import { protectedHeader } from './header-protection.js';
import type { Unalterable } from './part-header.js';
import { SevenBit, type Rewrite } from './seven-bit.js';
import { Walker } from './walk.js';

export interface FrameOptions {
  /** The fields of the top header, in order. */
  readonly fields: readonly Field[];
  readonly digest: Digest;
  /** Whether the signature is to cover the header too (RFC 9788). */
  readonly headerProtection?: boolean;
  /** Takes the octets of the signed message, in order. */
  readonly out: (bytes: Buffer) => void;
  /** Told of each leaf that had to be re-encoded. */
  readonly rewritten: (rewrite: Rewrite) => void;
}

/** Takes the body of a message in any chunks: `write`, then `end` for the digest, then `close`. */
export interface Frame {
  /** @throws Failure `unsignable` where the message cannot be signed without damage */
  write(bytes: Buffer): void;
  /** The body is complete. Returns the digest over the signed entity. */
  end(): Buffer;
  /** Writes the CMS that was made of the digest, and what closes the message. */
  close(cms: Buffer): void;
}

/** The header of the signed message (R10): what its own Content-* fields are, and all that does not go inside. */
export function outerHeader(fields: readonly Field[], content: string): Buffer {
  const outer = fields.filter(f => !f.name.startsWith('content-') && f.name !== 'mime-version');
  return Buffer.concat([...outer.map(f => f.raw), Buffer.from(`MIME-Version: 1.0\r\n${content}\r\n`)]);
}

/** What is signed: a header of its own (R10, R29), and the body in a form that survives. */
export class SignedEntity {
  private readonly hash: Hash;
  private readonly walker: Walker;

  /** @param out takes the octets of the entity */
  constructor(
    { fields, digest, headerProtection, rewritten }: FrameOptions,
    unalterable: Unalterable,
    out: (bytes: Buffer) => void,
  ) {
    this.hash = createHash(digest.name);
    const signing = (bytes: Buffer): void => {
      this.hash.update(bytes);
      out(bytes);
    };
    const inner = headerProtection
      ? protectedHeader(fields)
      : fields.filter(f => f.name.startsWith('content-'));
    this.walker = new Walker(new SevenBit(signing, rewritten, unalterable), inner);
  }

  write(bytes: Buffer): void {
    this.walker.write(bytes);
  }

  /** Returns the digest over it. */
  end(): Buffer {
    this.walker.end();
    return this.hash.digest();
  }
}
