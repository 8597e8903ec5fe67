// What the return port offers in its EHLO reply, and what we offer because of it (R34).

/** What a client may count on beyond this service. */
export interface Capabilities {
  /** Those of 8BITMIME, SMTPUTF8 and DSN that are there. */
  readonly extensions: readonly string[];
  /** The largest message in octets; 0 where no limit is named. */
  readonly maxMessageSize: number;
}

/** What is promised as long as nothing is known: a message that needs more than there is has a reply of its own. */
export const everything: Capabilities = {
  extensions: ['8BITMIME', 'SMTPUTF8', 'DSN'],
  maxMessageSize: 0,
};

/** @param offered the parameters of an extension in an EHLO reply, or undefined where it is not in there */
export function capabilitiesOf(offered: (keyword: string) => readonly string[] | undefined): Capabilities {
  const [size = ''] = offered('SIZE') ?? [];
  return {
    extensions: everything.extensions.filter(keyword => offered(keyword) !== undefined),
    maxMessageSize: /^\d{1,20}$/.test(size) ? Number(size) : 0, // RFC 1870 §4: 0 is no limit
  };
}

/** With a limit of our own in octets, 0 for none: the smaller one holds. */
export function limited({ extensions, maxMessageSize }: Capabilities, limit: number): Capabilities {
  const limits = [maxMessageSize, limit].filter(size => size > 0);
  return { extensions, maxMessageSize: limits.length > 0 ? Math.min(...limits) : 0 };
}

/** The lines of our EHLO reply behind the first. */
export function announcement({ extensions, maxMessageSize }: Capabilities): string[] {
  return [
    // Between the client and us alone: what the return port cannot take at once, it gets one by one.
    'PIPELINING',
    ...extensions,
    maxMessageSize > 0 ? `SIZE ${maxMessageSize}` : 'SIZE',
    // Whatever the return port has: IDENT is for ourselves, by it journal and retries know the message. What the
    // return port lacks of the others costs a name in a log line.
    'XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE',
  ];
}
