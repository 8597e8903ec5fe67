// What wire changes where there is something already, and what it knows of it afterwards.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read.js';
import { changesOf, leftBehind, missingEdits, undoing, usualServices } from '../../../src/wiring/changes.js';
import { commandFor, setMain, type Edit } from '../../../src/wiring/edit.js';
import { PostfixSettings, type PostfixTexts } from '../../../src/wiring/settings.js';
import { type Circumstances, handoversOf } from '../../../src/wiring/wiring.js';

interface Postfix {
  readonly main?: Readonly<Record<string, string>>;
  /** Of submission. */
  readonly options?: Readonly<Record<string, string>>;
}

/** With submission and pickup, and nothing of Postseal. */
function settings({ main = {}, options = {} }: Postfix): PostfixSettings {
  const written = Object.entries(options)
    .map(([name, value]) => `submission/inet/${name} = ${value}\n`)
    .join('');
  const explicit = Object.entries(main)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
  const services = 'submission inet n - y - - smtpd\npickup unix n - y 60 1 pickup\n';
  return new PostfixSettings({ parameters: explicit, explicit, services, written, options: written });
}

function circumstances(settings: PostfixSettings): Circumstances {
  return {
    settings,
    section: readConfig('/etc/postseal/postseal.ini', '').config!.service,
    signsForPersons: false,
    tables: new Map(),
    returnsHere: true,
  };
}

function edits(postfix: Postfix): string[] {
  const given = circumstances(settings(postfix));
  return missingEdits(given, given.settings.services).map(edit => commandFor(edit));
}

describe('what is the administrator’s', () => {
  const added = (postfix: Postfix): string[] => {
    const usual = edits({});
    return edits(postfix).filter(edit => !usual.includes(edit));
  };

  test.each<[string, Postfix, string[]]>([
    ['own restrictions stay', { options: { smtpd_sender_restrictions: 'reject_non_fqdn_sender' } }, []],
    ['own milters stay', { options: { smtpd_milters: 'inet:127.0.0.1:10030' } }, []],
    [
      'milters of main.cf are for the return port alone',
      { main: { smtpd_milters: 'inet:127.0.0.1:8891' } },
      ["postconf -P 'submission/inet/smtpd_milters='"],
    ],
    ['a virus scanner may stay before', { main: { smtpd_milters: 'unix:/run/clamav/milter.ctl' } }, []],
    [
      'milters of the sendmail command move to the return port',
      { main: { non_smtpd_milters: 'inet:127.0.0.1:8891' } },
      [
        "postconf -e 'non_smtpd_milters ='",
        "postconf -P '127.0.0.1:10026/inet/smtpd_milters=inet:127.0.0.1:8891'",
      ],
    ],
    [
      'with their settings too, by way of main.cf',
      { main: { non_smtpd_milters: '{ inet:127.0.0.1:8891, connect_timeout=10s }' } },
      [
        "postconf -e 'non_smtpd_milters ='",
        "postconf -e 'postseal_smtpd_milters = { inet:127.0.0.1:8891, connect_timeout=10s }'",
        "postconf -P '127.0.0.1:10026/inet/smtpd_milters=$postseal_smtpd_milters'",
      ],
    ],
    [
      'where somebody owns addresses, that is checked beside what is checked already',
      {
        main: {
          smtpd_sender_login_maps: 'hash:/etc/postfix/owners',
          smtpd_sender_restrictions: 'reject_non_fqdn_sender, permit',
        },
      },
      [
        "postconf -P 'submission/inet/smtpd_sender_restrictions=reject_sender_login_mismatch,reject_non_fqdn_sender,permit'",
      ],
    ],
    [
      'submission takes what it took, and signing has room',
      { main: { message_size_limit: '3000', mailbox_size_limit: '3500', virtual_mailbox_limit: '0' } },
      [
        "postconf -P 'submission/inet/message_size_limit=3000'",
        "postconf -e 'mailbox_size_limit = 4000'",
        "postconf -e 'message_size_limit = 4000'",
      ],
    ],
  ])('%s', (_, postfix, want) => {
    expect(added(postfix)).toEqual(want);
  });
});

test('who hands mail over already is seen to, whatever its name', () => {
  const services =
    'submission inet n - y - - smtpd\n127.0.0.1:10587 inet n - y - - smtpd\n127.0.0.1:10588 inet n - y - - smtpd\n';
  const written = '127.0.0.1:10587/inet/content_filter = postseal:[127.0.0.1]:10025\n';
  const texts = { parameters: '', explicit: '', services, written, options: written };
  const seen = usualServices(circumstances(new PostfixSettings(texts)));
  expect(seen.map(({ name }) => name)).toEqual(['submission', '127.0.0.1:10587']);
});

describe('the record', () => {
  const limit = (value: string | undefined): Edit => ({ kind: 'main', name: 'x_limit', value });
  const before = settings({ main: { x_limit: '1' } });

  test('of a second run tells what was there before the first', () => {
    const first = changesOf([setMain('x_limit', '2')], before, []);
    expect(first).toEqual([{ before: limit('1'), after: limit('2') }]);
    const second = changesOf([setMain('x_limit', '3')], settings({ main: { x_limit: '2' } }), first);
    expect(second).toEqual([{ before: limit('1'), after: limit('3') }]);
  });

  test('after a change by hand tells what was there last', () => {
    const first = changesOf([setMain('x_limit', '2')], before, []);
    const second = changesOf([setMain('x_limit', '3')], settings({ main: { x_limit: '9' } }), first);
    expect(second).toEqual([{ before: limit('9'), after: limit('3') }]);
  });

  test.each<[string, Readonly<Record<string, string>>, readonly Edit[], number]>([
    ['still there: set back', { x_limit: '2' }, [limit('1')], 0],
    ['set back by hand: nothing to do', { x_limit: '1' }, [], 0],
    ['changed by hand: refused', { x_limit: '9' }, [], 1],
    ['taken out by hand: refused', {}, [], 1],
  ])('%s', (_, main, want, refused) => {
    const { edits: undone, changed } = undoing(
      [{ before: limit('1'), after: limit('2') }],
      settings({ main }),
    );
    expect(undone).toEqual(want);
    expect(changed).toHaveLength(refused);
  });

  test('of an option in braces with white space brings the list back', () => {
    const option = { kind: 'option', service: 'submission/inet', name: 'smtpd_sender_restrictions' } as const;
    const was = { smtpd_sender_restrictions: 'reject_non_fqdn_sender, permit' };
    const changes = changesOf([{ ...option, value: 'permit' }], settings({ options: was }), []);
    const { edits: undone } = undoing(
      changes,
      settings({ options: { smtpd_sender_restrictions: 'permit' } }),
    );
    expect(undone.map(edit => commandFor(edit))).toEqual([
      "postconf -P 'submission/inet/smtpd_sender_restrictions=reject_non_fqdn_sender,permit'",
    ]);
  });

  test('takes out what was not there', () => {
    const changes = changesOf([setMain('y_limit', '2')], before, []);
    const { edits: undone } = undoing(changes, settings({ main: { y_limit: '2' } }));
    expect(undone.map(edit => commandFor(edit))).toEqual(['postconf -X y_limit']);
  });
});

describe('what would lose its transport', () => {
  const services = [
    'smtp inet n - y - - smtpd',
    'submission inet n - y - - smtpd',
    'pickup unix n - y 60 1 pickup',
  ];
  const wired: PostfixTexts = {
    parameters: 'content_filter = postseal:[127.0.0.1]:10025\n',
    explicit: 'content_filter = postseal:[127.0.0.1]:10025\n',
    services: services.join('\n'),
    written: '',
    options:
      'smtp/inet/content_filter = \nsmtp/inet/smtpd_client_restrictions = check_client_access texthash:sign\n' +
      'pickup/unix/content_filter = postseal-local:[127.0.0.1]:10025\n',
  };
  const tables = new Map([['texthash:sign', '192.0.2.9 FILTER postseal:[127.0.0.1]:10025\n']]);
  const service = (name: string): Edit => ({ kind: 'service', service: `${name}/unix`, value: undefined });
  const option = (key: string): Edit => ({
    kind: 'option',
    service: key,
    name: 'content_filter',
    value: undefined,
  });

  test.each<[string, Edit[], string[]]>([
    ['nobody, where the transport stays', [option('pickup/unix')], []],
    ['by main.cf and by a table', [service('postseal')], ['smtp/inet', 'submission/inet']],
    ['by an option', [service('postseal-local')], ['pickup/unix']],
    ['nobody, where the option goes too', [option('pickup/unix'), service('postseal-local')], []],
  ])('%s', (_, undone, want) => {
    const left = leftBehind(undone, handoversOf(new PostfixSettings(wired), tables));
    expect(left.map(handover => handover.service.key)).toEqual(want);
  });
});
