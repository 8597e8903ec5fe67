// What the doctor says of that which runs, and of rights of files.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read.js';
import type { Finding } from '../../../src/wiring/finding.js';
import { mendInWords } from '../../../src/wiring/finding.js';
import {
  findingsOfEntry,
  findingsOfMembers,
  type Role,
  type User,
} from '../../../src/wiring/findings-rights.js';
import {
  findingsOfListener,
  findingsOfReturnListener,
  type Probe,
} from '../../../src/wiring/findings-running.js';

const { service } = readConfig('/etc/postseal/postseal.ini', '').config!;
const ours: Probe = { greeting: '220 mail.example.com ESMTP Postseal', hello: '250 XFORWARD NAME' };
const theirs: Probe = {
  greeting: '220 mail.example.com ESMTP Postfix',
  hello: '250-mail.example.com\n250-8BITMIME\n250 XFORWARD NAME ADDR',
};
const nobody: Probe = { fault: 'ECONNREFUSED' };

/** Each as `severity text | mend`. */
function told(findings: readonly Finding[]): string[] {
  return findings.map(f => [`${f.severity} ${f.text}`, ...f.mend.map(m => mendInWords(m))].join(' | '));
}

describe('where Postseal listens', () => {
  test.each<[string, Probe, RegExp[]]>([
    ['Postseal is right', ours, []],
    [
      'nobody',
      nobody,
      [/^error Postseal does not run.* \| systemctl enable --now postseal\.socket postseal\.service$/],
    ],
    [
      'a socket of systemd whose service does not start',
      { fault: 'ETIMEDOUT' },
      [/^error Postseal does not answer \(ETIMEDOUT\) \| postseal check \| systemctl status postseal$/],
    ],
    [
      'another server',
      theirs,
      [/^error somebody else listens there, who greets with "220 .* Postfix" \| ss /],
    ],
    [
      'Postseal, to which this host is no client',
      { greeting: '421 4.7.1 mail.example.com Postseal: not for you', hello: '' },
      [/^warning Postseal runs, but refused this connection: "421/],
    ],
  ])('%s', (_, probe, want) => {
    const got = told(findingsOfListener(probe, service));
    expect(got).toEqual(want.map(pattern => expect.stringMatching(pattern) as string));
  });
});

describe('on the return port', () => {
  test.each<[string, Probe, boolean, RegExp[]]>([
    ['Postfix is right', theirs, true, []],
    ['nobody, though master.cf has it', nobody, true, [/^error nobody listens.* \| postfix reload$/]],
    ['nobody, as master.cf says', nobody, false, []],
    ['Postseal', ours, true, [/^error is a Postseal/]],
    [
      'a refusal',
      { greeting: '554 no', hello: '' },
      true,
      [/^error the return port refuses Postseal: "554 no"/],
    ],
    [
      'a Postfix that was not told',
      { greeting: '220 mail.example.com ESMTP', hello: '250-x\n250 8BITMIME' },
      true,
      [/^warning the return port offers no XFORWARD.* \| postfix reload$/],
    ],
  ])('%s', (_, probe, defined, want) => {
    const got = told(findingsOfReturnListener(probe, service, defined));
    expect(got).toEqual(want.map(pattern => expect.stringMatching(pattern) as string));
  });
});

describe('rights', () => {
  const postseal: User = { name: 'postseal', uid: 990, gids: [991] };
  const [root, group] = [0, 991];
  const right = { directory: [0o40750, root, group], file: [0o100640, root, group] } as const;
  type Owned = readonly [mode: number, uid: number, gid: number];

  const path = '/etc/postseal/billing.p12';
  function findings(
    role: Role,
    { directory = right.directory, file = right.file }: { directory?: Owned; file?: Owned },
  ) {
    const entry = (name: string, [mode, uid, gid]: Owned) => ({ path: name, mode, uid, gid });
    const way = [entry('/', [0o40755, 0, 0]), entry('/etc/postseal', directory), entry(path, file)];
    return told(findingsOfEntry({ path, way, found: true }, role, [postseal], 'postseal'));
  }

  test.each<[string, Role, { directory?: Owned; file?: Owned }, string[]]>([
    ['as installed', 'secret', {}, []],
    ['ini file as installed', 'ini', {}, []],
    ['an ini file that all may read', 'ini', { file: [0o100644, 0, 0] }, []],
    [
      'a key that all may read',
      'secret',
      { file: [0o100644, 0, 0] },
      [`warning is a secret, but has the rights 0644 | chmod 0640 ${path}`],
    ],
    [
      'a key that its group may change',
      'secret',
      { file: [0o100660, root, group] },
      [`warning is a secret, but has the rights 0660 | chmod 0640 ${path}`],
    ],
    ['issuers that all may read', 'public', { file: [0o100644, 0, 0] }, []],
    [
      'issuers that only root may read',
      'public',
      { file: [0o100600, 0, 0] },
      [`error the user postseal may not read it | chgrp postseal ${path} && chmod 0640 ${path}`],
    ],
    [
      'an ini file that all may write',
      'ini',
      { file: [0o100666, 0, 0] },
      [`error everybody on this host may change it (0666) | chmod 0640 ${path}`],
    ],
    [
      'a key of root alone',
      'secret',
      { file: [0o100600, 0, 0] },
      [`error the user postseal may not read it | chgrp postseal ${path} && chmod 0640 ${path}`],
    ],
    [
      'a directory of root alone',
      'secret',
      { directory: [0o40700, 0, 0] },
      [
        'error the user postseal does not get through /etc/postseal | chgrp postseal /etc/postseal && chmod g+x /etc/postseal',
      ],
    ],
    [
      'a directory that all may write',
      'ini',
      { directory: [0o40777, 0, 0] },
      ['error everybody on this host may put other files in the place of these | chmod o-w /etc/postseal'],
    ],
    ['a directory as /tmp', 'ini', { directory: [0o41777, 0, 0] }, []],
    ['a socket of the group', 'listen', { file: [0o140660, 0, group] }, []],
    [
      'a socket of another group',
      'listen',
      { file: [0o140660, 5, 5] },
      [
        'error the user postseal may not connect to this socket: let postseal.socket listen, with SocketGroup=postseal | systemctl edit postseal.socket',
      ],
    ],
    [
      'a socket of Postfix',
      'return',
      { file: [0o140660, 5, 5] },
      ['error the user postseal may not connect to this socket | usermod -a -G postseal postseal'],
    ],
    [
      'a socket of Postfix in a directory of a group',
      'return',
      { directory: [0o42710, 5, 5] },
      ['error the user postseal does not get through /etc/postseal | usermod -a -G postseal postseal'],
    ],
  ])('%s', (_, role, owned, want) => {
    expect(findings(role, owned)).toEqual(want);
  });

  const member = 'warning the user postfix is in the group postseal, which can read the keys';
  test.each<[string, number[], boolean, string[]]>([
    ['a Postfix with groups of its own', [109, 110], true, []],
    [
      'a Postfix that is in the group of the service',
      [109, group],
      false,
      [`${member} | gpasswd -d postfix postseal`],
    ],
    [
      'a Postfix that gets at the socket by it: first another way',
      [109, group],
      true,
      [
        `${member} | systemctl edit postseal.socket, with SocketGroup=postfix (docs/systemd.md); then | gpasswd -d postfix postseal`,
      ],
    ],
  ])('%s', (_, gids, onSocket, want) => {
    expect(told(findingsOfMembers(postseal, { name: 'postfix', uid: 105, gids }, onSocket))).toEqual(want);
  });

  test('of what is not there nothing is said', () => {
    expect(findingsOfEntry({ path, way: [], found: false }, 'secret', [postseal], 'postseal')).toEqual([]);
  });
});
