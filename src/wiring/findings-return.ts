// What is wrong with the way back: the return port, what it does to signed mail, and who gets at it.
import { type Endpoint, formatEndpoint } from '../config/config.js';
import { isLoopback } from '../config/endpoint.js';
import { networksOf, onlyThisHost } from './clients.js';
import { setMain, setOption, type Edit } from './edit.js';
import { finding, type Finding, type Mend } from './finding.js';
import { signsDkim } from './milters.js';
import { inetPlace, isLocal } from './places.js';
import { listed, told, type PostfixService, type PostfixSettings } from './settings.js';
import { entryOf, lacking, returnOptions, returnPort as wantedFor } from './wanted.js';
import type { Wiring } from './wiring.js';

export function findingsOfReturn(wiring: Wiring): Finding[] {
  const { returnPort, returnsHere, settings } = wiring;
  const after = findingsOfDelivery(settings);
  const formers = wiring.formerReturnPorts.map(former);
  if (!returnsHere) return [...formers, ...after];
  if (!returnPort) return [missing(wiring), ...after];
  return [
    ...loop(returnPort, wiring),
    ...open(returnPort, wiring),
    ...outOfReach(returnPort, wiring),
    ...wrongOptions(returnPort, wiring),
    ...remoteRewriting(returnPort, settings),
    ...noMilters(returnPort, settings),
    ...formers,
    ...after,
  ];
}

function missing({ section, settings }: Wiring): Finding {
  const { return: to } = section;
  const wanted = wantedFor(to);
  const others = settings.services.filter(
    s => s.command === 'smtpd' && s.type === 'inet' && s.options.get('content_filter') === '',
  );
  const have =
    others.length > 0 ? ` (a service that could be meant: ${others.map(s => s.name).join(', ')})` : '';
  const text = `there is no return port: the ini file says return = ${formatEndpoint(to)}, where no smtpd listens${have}`;
  const meant = others.map(other => {
    const { host, port } = inetPlace(other);
    return { kind: 'ini' as const, line: `return = ${host || '127.0.0.1'}:${port}` };
  });
  return finding(
    'error',
    'master.cf',
    text,
    meant.length === 1 ? meant : [{ kind: 'service', service: wanted.key, value: entryOf(wanted) }],
  );
}

function former(service: PostfixService): Finding {
  const text =
    'has the options of a return port, and the ini file names another: local users send there past all checks; unless another Postseal comes back by it, take it out';
  return finding('warning', service, text, [{ kind: 'service', service: service.key, value: undefined }]);
}

/** Whichever way it is filtered again, it comes back for ever, until max_hops ends it. */
function loop(service: PostfixService, { settings }: Wiring): Finding[] {
  const filter = settings.of(service, 'content_filter');
  if (filter === '') return [];
  const where = service.options.has('content_filter')
    ? `content_filter = ${filter} on the return port`
    : `content_filter = ${filter} in main.cf holds for the return port too`;
  const text = `${where}: what comes back goes out to the filter again, a loop`;
  return [finding('error', service, text, [setOption(service, 'content_filter', '')])];
}

function open(service: PostfixService, { section, settings }: Wiring): Finding[] {
  if (isLocal(service, settings)) return [];
  const networks = settings.of(service, 'mynetworks');
  const recipients = listed(settings.of(service, 'smtpd_recipient_restrictions'));
  const closed =
    onlyThisHost(networks, section.return) &&
    recipients[0] === 'permit_mynetworks' &&
    recipients[1] === 'reject';
  const text = closed
    ? 'listens on more than the loopback address, though it refuses all others: bind it to 127.0.0.1'
    : 'is open to the network: whoever connects gets mail out that is neither checked nor signed; bind it to 127.0.0.1';
  return [finding(closed ? 'warning' : 'error', service, text, boundToLoopback(service, section.return))];
}

/** The ini file goes along, and what says that Postseal may send there. */
function boundToLoopback(service: PostfixService, present: Endpoint): Mend[] {
  const { port } = inetPlace(service);
  const place = `127.0.0.1:${port}`;
  const moved = { key: `${place}/inet` };
  const networks = networksOf({ kind: 'tcp', host: '127.0.0.1', port });
  const ours = ['smtpd_authorized_xforward_hosts', 'mynetworks'];
  return [
    { kind: 'service', service: moved.key, value: service.line.replace(/^\S+/, place) },
    ...(isLoopback(present)
      ? []
      : [
          ...ours.map(name => setOption(moved, name, networks)),
          { kind: 'ini', line: `return = ${place}` } as const,
        ]),
    { kind: 'service', service: service.key, value: undefined },
  ];
}

/** Nobody but Postfix's own user gets into queue_directory/private. */
function outOfReach(service: PostfixService, { section, settings }: Wiring): Finding[] {
  if (section.return.kind !== 'unix' || !service.private) return [];
  const text = `its socket is in ${settings.main('queue_directory')}/private, where only Postfix gets in: write n in the column "private", and public in the ini file`;
  const value = service.line.replace(/^(\S+ \S+) \S+/, '$1 n');
  return [
    finding('error', service, text, [
      { kind: 'service', service: service.key, value },
      { kind: 'ini', line: `return = unix:${settings.main('queue_directory')}/public/${service.name}` },
    ]),
  ];
}

/** Parameters that map addresses: they have been applied before the filter. */
const mappings = [
  'canonical_maps',
  'sender_canonical_maps',
  'recipient_canonical_maps',
  'masquerade_domains',
  'virtual_alias_maps',
  'always_bcc',
  'sender_bcc_maps',
  'recipient_bcc_maps',
];
const checks = ['header_checks', 'body_checks'];

function wrongOptions(service: PostfixService, { section, settings }: Wiring): Finding[] {
  return lacking(service, returnOptions(section.return), settings)
    .filter(({ option }) => option.name !== 'content_filter')
    .map(({ option, value }) => {
      const { name } = option;
      const inForce = told(name, value);
      if (name !== 'receive_override_options') {
        const mend = [setOption(service, name, option.value)];
        return finding(option.severity, service, `${inForce}: ${option.why}`, mend);
      }
      const have = listed(value);
      const lacks = listed(option.value).filter(word => !have.includes(word));
      const consequences = lacks.map(word => `without ${word} ${consequenceOf(word, settings)}`);
      const mend = [setOption(service, name, [...have, ...lacks].join(','))];
      return finding(option.severity, service, `${inForce}: ${consequences.join('; ')}`, mend);
    });
}

function consequenceOf(override: string, settings: PostfixSettings): string {
  const set = (names: readonly string[]): string => {
    const found = names.filter(name => settings.main(name) !== '' && settings.written(name) !== undefined);
    return found.length > 0 ? ` (${found.join(', ')})` : '';
  };
  switch (override) {
    case 'no_address_mappings':
      return `addresses are mapped once more, after signing: From may change${set(mappings)}`;
    case 'no_header_body_checks':
      return `header and body are checked once more, after signing${set(checks)}`;
    default:
      return 'recipients are looked up once more, and mail that Postfix took is refused';
  }
}

function remoteRewriting(service: PostfixService, settings: PostfixSettings): Finding[] {
  const domain = settings.of(service, 'remote_header_rewrite_domain');
  if (domain === '') return [];
  const text = `remote_header_rewrite_domain = ${domain}: Postfix completes addresses of the header, From too, after signing`;
  return [finding('warning', service, text, [setOption(service, 'remote_header_rewrite_domain', '')])];
}

/** DKIM has its place here. */
function noMilters(service: PostfixService, settings: PostfixSettings): Finding[] {
  const overrides = listed(settings.of(service, 'receive_override_options'));
  const here = settings.of(service, 'smtpd_milters');
  const main = settings.main('smtpd_milters');
  if (overrides.includes('no_milters') && (here !== '' || signsDkim(main))) {
    const text = `no_milters in receive_override_options: ${here || main} does not see the mail once it is signed, where DKIM belongs`;
    const kept = overrides.filter(word => word !== 'no_milters').join(',');
    return [finding('warning', service, text, [setOption(service, 'receive_override_options', kept)])];
  }
  if (here !== '' || !signsDkim(main)) return [];
  const text = `smtpd_milters is empty here: ${main} does not see the mail once it is signed, where DKIM belongs`;
  const withoutOwn: Edit = { kind: 'option', service: service.key, name: 'smtpd_milters', value: undefined };
  return [finding('warning', service, text, [withoutOwn])];
}

/** What the final delivery does to signed mail. */
function findingsOfDelivery(settings: PostfixSettings): Finding[] {
  const generic = settings.main('smtp_generic_maps');
  const canonical = settings.written('sender_canonical_maps') ?? '';
  const before = canonical === '' ? generic : `${canonical}, ${generic}`;
  const ofGeneric = finding(
    'warning',
    'main.cf',
    `smtp_generic_maps = ${generic}: From is rewritten at the final delivery, after signing; sender_canonical_maps do so before it`,
    [setMain('sender_canonical_maps', before), { kind: 'main', name: 'smtp_generic_maps', value: undefined }],
  );
  const ofChecks = ['smtp_mime_header_checks', 'smtp_nested_header_checks', 'smtp_body_checks']
    .map(name => [name, settings.main(name)] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => {
      const text = `${name} = ${value}: what it replaces at the final delivery no longer is what was signed; ${name.replace('smtp_', '')} come before it`;
      return finding('warning', 'main.cf', text);
    });
  return [...(generic === '' ? [] : [ofGeneric]), ...ofChecks];
}
