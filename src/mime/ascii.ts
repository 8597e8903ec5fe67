// The octets that have a meaning of their own in mail.

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const DASH = 0x2d;
export const CRLF = Buffer.from('\r\n');
/** At the beginning of a line, mailboxes in the mbox format put a `>` before it. */
export const FROM = Buffer.from('From ');
export const NOTHING = Buffer.alloc(0);

/** White space within a line; false where there is no octet. */
export function isSpace(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}
