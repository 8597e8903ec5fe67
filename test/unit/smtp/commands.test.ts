// EHLO, MAIL, RCPT and XFORWARD: what is read is what was written, and what cannot be read has its own reply.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/failure.js';
import { parseHello, parseMail, parseRcpt, parseXforward } from '../../../src/smtp/commands.js';

/** The kind of failure that it ends in. */
function kindOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof Failure) return error.kind;
    throw error;
  }
  return 'none';
}

describe('EHLO', () => {
  test.each(['mail.example.com', '[192.0.2.1]', '[ipv6:2001:db8::1]', 'under_score', 'bücher.example'])(
    'takes %s for a name',
    name => {
      expect(parseHello(`EHLO ${name} `)).toBe(name);
    },
  );

  test('knows no case', () => {
    expect(parseHello('lhlo Mail.EXAMPLE.com')).toBe('mail.example.com');
  });

  test.each(['EHLO', 'EHLO ', 'EHLO a b', 'EHLO a\0b', 'EHLO a\x1b[31m', `EHLO ${'x'.repeat(256)}`])(
    '%j is refused',
    line => {
      expect(kindOf(() => parseHello(line))).toBe('bad-parameter');
    },
  );
});

describe('MAIL', () => {
  test('parameters stay as they came, but for the size, which is read', () => {
    const { sender, parameters, size } = parseMail(
      'MAIL FROM:<a@example.com> size=1234 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x+2By',
    );
    expect({ sender: sender.text, parameters, size }).toEqual({
      sender: 'a@example.com',
      parameters: ['BODY=8BITMIME', 'SMTPUTF8', 'RET=FULL', 'ENVID=x+2By'],
      size: 1234,
    });
  });

  test('the null sender is one', () => {
    expect(parseMail('MAIL FROM:<>').sender.isNull).toBe(true);
  });

  test.each(['mail from:<a@b.example>', 'MAIL FROM:  <a@b.example>  ', 'Mail From:<a@b.example> BODY=7BIT '])(
    '%s is read',
    line => {
      expect(parseMail(line).sender.text).toBe('a@b.example');
    },
  );

  test.each([
    ['', 'bad-sender'],
    ['MAIL', 'bad-sender'],
    ['MAIL FROM:', 'bad-sender'],
    ['MAIL FROM <a@b>', 'bad-sender'],
    ['MAIL FROM:a@b', 'bad-sender'],
    ['MAIL FROM:<a@b>x', 'bad-sender'],
    ['MAIL FROM:<a@b><c@d>', 'bad-sender'],
    ['MAIL FROM:<<a@b>>', 'bad-sender'],
    ['MAIL FROM:<a\tb@c>', 'bad-sender'],
    ['MAIL FROM:<a\ufffd@c>', 'bad-sender'],
    ['RCPT TO:<a@b>', 'bad-sender'],
    ['MAIL FROM:<a@b> SIZE', 'bad-parameter'],
    ['MAIL FROM:<a@b> SIZE=-1', 'bad-parameter'],
    ['MAIL FROM:<a@b> SIZE=1e9', 'bad-parameter'],
    ['MAIL FROM:<a@b> -X=1', 'bad-parameter'],
    ['MAIL FROM:<a@b> ENVID=a\x07b', 'bad-parameter'],
    ['MAIL FROM:<a@b> AUTH=<>', 'unknown-parameter'],
    ['MAIL FROM:<a@b> NOTIFY=NEVER', 'unknown-parameter'],
  ])('%j is answered as %s', (line, kind) => {
    expect(kindOf(() => parseMail(line))).toBe(kind);
  });
});

describe('RCPT', () => {
  test('parameters stay as they came', () => {
    const { address, parameters } = parseRcpt(
      'RCPT TO:<"a b"@x.example> NOTIFY=SUCCESS ORCPT=rfc822;a+20b@x.example',
    );
    expect({ address: address.text, parameters }).toEqual({
      address: '"a b"@x.example',
      parameters: ['NOTIFY=SUCCESS', 'ORCPT=rfc822;a+20b@x.example'],
    });
  });

  test.each([
    ['RCPT TO:<>', 'bad-recipient'],
    ['RCPT TO:<a b@c>', 'bad-recipient'],
    ['MAIL FROM:<a@b>', 'bad-recipient'],
    ['RCPT TO:<a@b> ORCPT=', 'bad-parameter'],
    ['RCPT TO:<a@b> SMTPUTF8', 'unknown-parameter'],
  ])('%j is answered as %s', (line, kind) => {
    expect(kindOf(() => parseRcpt(line))).toBe(kind);
  });

  test('any quoted local part comes out as it went in', () => {
    const character = fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code));
    const quoted = fc
      .array(character, { minLength: 1 })
      .map(chars => `"${chars.map(c => (c === '"' || c === '\\' ? `\\${c}` : c)).join('')}"@example.net`);
    fc.assert(
      fc.property(quoted, address => {
        expect(parseRcpt(`RCPT TO:<${address}> NOTIFY=NEVER`).address.text).toBe(address);
      }),
    );
  });
});

describe('any line', () => {
  test('is read or has a reply; nothing else is thrown, and no line end comes through', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map(s => `MAIL FROM:<${s}> ${s}`),
    );
    fc.assert(
      fc.property(line, text => {
        try {
          const { sender, parameters } = parseMail(text);
          expect(`${sender.text} ${parameters.join(' ')}`).not.toMatch(/[\0-\x1f\x7f]/);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
    );
  });
});

describe('XFORWARD', () => {
  test('names in any case, values as they are; the later one counts', () => {
    const into = new Map<string, string>();
    parseXforward('XFORWARD name=a.example ADDR=IPv6:2001:DB8::1', into);
    parseXforward('XFORWARD NAME=b+2Bc HELO=[UNAVAILABLE]', into);
    expect([...into]).toEqual([
      ['NAME', 'b+2Bc'],
      ['ADDR', 'IPv6:2001:DB8::1'],
      ['HELO', '[UNAVAILABLE]'],
    ]);
  });

  test.each(['XFORWARD', 'XFORWARD NAME', 'XFORWARD NAME=', 'XFORWARD LOGIN=x', 'XFORWARD NAME=a\x7f'])(
    '%j is refused',
    line => {
      expect(
        kindOf(() => {
          parseXforward(line, new Map());
        }),
      ).toBe('bad-parameter');
    },
  );

  test('a command that is refused leaves nothing behind', () => {
    const into = new Map<string, string>();
    expect(
      kindOf(() => {
        parseXforward('XFORWARD NAME=a.example COLOUR=red', into);
      }),
    ).toBe('bad-parameter');
    expect(into.size).toBe(0);
  });
});
