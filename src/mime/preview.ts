// What the beginning of a body tells before the decision: content that common clients cannot use once it is
// signed (R3), and what form = clear would damage (R15).
import { Failure } from '../failure.js';
import { first, parseParameters, type Field } from './header.js';
import { protectedHeader } from './header-protection.js';
import type { Part } from './part.js';
import { survivingField, type Unalterable } from './part-header.js';
import { SevenBit } from './seven-bit.js';
import { Walker, type Visitor } from './walk.js';

/** Octets of the body that are looked at. */
export const previewSize = 64 * 1024;

type Fragile = 'calendar' | 'tnef';

export interface Preview {
  readonly fragile: readonly Fragile[];
  /** Why the message cannot be made 7-bit without damage. */
  readonly unsignable: string | undefined;
  /** Why the header cannot be copied into a 7-bit payload: matters only where it is to be protected. */
  readonly unprotectable: string | undefined;
}

/**
 * @param fields the top header
 * @param bytes the first `previewSize` octets of the body, or all of it; what is beyond is not looked at, so
 *   that chunks do not matter
 */
export function preview(fields: readonly Field[], bytes: Buffer, whole: boolean): Preview {
  const root = fields.filter(f => f.name.startsWith('content-'));
  const fragile = new Set<Fragile>();
  const walk = (unalterable: Unalterable): void => {
    const walker = new Walker(new DryRun(fragile, unalterable), root);
    walker.write(bytes.subarray(0, previewSize));
    if (whole && bytes.length <= previewSize) walker.end();
  };
  const unsignable = whyUnsignable(() => {
    walk('refuse');
  });
  if (unsignable !== undefined) walk('keep'); // what is fragile may come behind it
  const unprotectable = whyUnsignable(() => {
    for (const field of protectedHeader(fields))
      if (!field.name.startsWith('content-')) survivingField(field, false);
  });
  return { fragile: [...fragile], unsignable, unprotectable };
}

function whyUnsignable(attempt: () => void): string | undefined {
  try {
    attempt();
  } catch (error) {
    if (error instanceof Failure && error.kind === 'unsignable') return error.detail;
    throw error;
  }
  return undefined;
}

/** The walk of the signed message without the work that cannot fail. */
class DryRun implements Visitor {
  private readonly sevenBit: SevenBit;

  constructor(
    private readonly fragile: Set<Fragile>,
    private readonly unalterable: Unalterable,
  ) {
    const ignore = (): void => undefined;
    this.sevenBit = new SevenBit(ignore, ignore, unalterable);
  }

  header(part: Part, bodyFollows: boolean): void {
    const kind = fragileKind(part);
    if (kind) this.fragile.add(kind);
    if (canEncode(part)) for (const field of part.fields) survivingField(field, false, this.unalterable);
    else this.sevenBit.header(part, bodyFollows);
  }

  body(part: Part, bytes: Buffer): void {
    if (!canEncode(part)) this.sevenBit.body(part, bytes);
  }

  end(part: Part): void {
    if (!canEncode(part)) this.sevenBit.end(part);
  }

  padding(part: Part, bytes: Buffer): void {
    this.sevenBit.padding(part, bytes);
  }

  delimiter(part: Part, close: boolean, breakBefore: boolean): void {
    this.sevenBit.delimiter(part, close, breakBefore);
  }

  endMultipart(part: Part, parts: number, closed: boolean): void {
    this.sevenBit.endMultipart(part, parts, closed);
  }
}

/** Whether nothing in the body can be an obstacle: in a forwarded message that depends on where it comes (R15). */
function canEncode({ kind, insideMessage }: Part): boolean {
  return kind === 'leaf' && !insideMessage;
}

/** What a forwarded message contains is nobody's invitation. */
function fragileKind({ fields, type, mediaType, depth, insideMessage }: Part): Fragile | undefined {
  if (insideMessage) return undefined;
  if (mediaType === 'text/calendar' && (depth === 0 || type?.parameters.has('method'))) return 'calendar';
  const disposition = first(fields, 'content-disposition');
  const names = [
    type?.parameters.get('name'),
    disposition && parseParameters(disposition.body).parameters.get('filename'),
  ];
  const tnef =
    /^application\/(?:vnd\.)?ms-tnef$/.test(mediaType) ||
    (mediaType.startsWith('application/') && names.some(n => /^winmail\.dat$/i.test(n ?? '')));
  return tnef ? 'tnef' : undefined;
}
