// Draws the MIME structure of a message as a tree. For well-formed messages: it is no judge of others.

interface Node {
  readonly label: string;
  readonly encoding: string;
  /** Octets of the body as it is transferred. */
  readonly size: number;
  readonly children: readonly Node[];
}

/** One line for each part, the label first: `├─ text/plain   quoted-printable   412 bytes`. */
export function drawTree(message: Buffer): string[] {
  const rows: { left: string; node: Node }[] = [];
  const add = (node: Node, own: string, below: string): void => {
    rows.push({ left: own + node.label, node });
    node.children.forEach((child, i) => {
      const last = i === node.children.length - 1;
      add(child, `${below}${last ? '└─ ' : '├─ '}`, below + (last ? '   ' : '│  '));
    });
  };
  add(parse(message.toString('latin1')), '', '');
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, node }) => {
    const facts = node.children.length > 0 ? '' : `${node.encoding.padEnd(16)}  ${node.size} bytes`;
    return `${left.padEnd(width)}  ${facts}`.trimEnd();
  });
}

function parse(entity: string): Node {
  const end = entity.startsWith('\r\n') ? 0 : entity.indexOf('\r\n\r\n') + 2;
  const header = entity.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const body = entity.slice(end + 2);
  const field = (name: string): string =>
    new RegExp(`^${name}:[ \t]*(.*)$`, 'im').exec(header)?.[1]?.trim() ?? '';
  const type = field('Content-Type') || 'text/plain';
  const mediaType = type.split(';', 1)[0]!.trim().toLowerCase();
  const name = /\b(?:file)?name="?([^";]+)/i.exec(`${field('Content-Disposition')} ${type}`)?.[1];
  const boundary = mediaType.startsWith('multipart/') ? /\bboundary="?([^";]+)/i.exec(type)?.[1] : undefined;
  return {
    label: name === undefined ? mediaType : `${mediaType} (${name})`,
    encoding: field('Content-Transfer-Encoding').toLowerCase() || '7bit',
    size: body.length,
    children:
      boundary === undefined
        ? []
        : `\r\n${body}`
            .split(`\r\n--${boundary}`)
            .slice(1, -1)
            .map(part => parse(part.slice(2))),
  };
}
