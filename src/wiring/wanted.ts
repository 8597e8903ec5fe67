// What Postseal needs of Postfix, in one table: the services, their options, and why. etc/postfix/*.cf teaches the same.
import type { Endpoint, ServiceSection } from '../config/config.js';
import { letsIn, networksOf } from './clients.js';
import { listed, type PostfixService, type PostfixSettings } from './settings.js';

export type Severity = 'error' | 'warning' | 'advice';

/** A parameter that has to be so for a service. */
export interface WantedOption {
  readonly name: string;
  readonly value: string;
  readonly severity: Severity;
  /** What comes of it where it is not so. */
  readonly why: string;
  /** What is as good. Without it: the value alone. */
  readonly accepts?: (value: string) => boolean;
}

export interface WantedService {
  /** `postseal/unix` */
  readonly key: string;
  /** Up to the command, without options. */
  readonly entry: string;
  readonly command: string;
  readonly options: readonly WantedOption[];
}

const yes = (value: string): boolean => value === 'yes';
/** Without a level, and with those that do without TLS where the other side has none. */
const noTlsNeeded = (value: string): boolean => ['', 'none', 'may', 'dane'].includes(value);

/** @param protocol also the command, and what the names of its parameters begin with */
export function transportOptions(protocol: 'smtp' | 'lmtp'): WantedOption[] {
  const option = (name: string, value: string, severity: Severity, why: string): WantedOption => ({
    name: `${protocol}_${name}`,
    value,
    severity,
    why,
  });
  return [
    {
      ...option(
        'send_xforward_command',
        'yes',
        'warning',
        'Postseal hears neither queue id nor client: its journal cannot be read beside that of Postfix, and what it remembers of refused recipients and accepted copies does not hold',
      ),
      accepts: yes,
    },
    {
      name: 'disable_mime_output_conversion',
      value: 'yes',
      severity: 'warning',
      why: 'Postfix may convert the message before Postseal gets it',
      accepts: yes,
    },
    option('line_length_limit', '0', 'warning', 'long lines are broken before they are signed'),
    option(
      'fallback_relay',
      '',
      'error',
      'while Postseal is down mail leaves unsigned by the fallback relay',
    ),
    option('generic_maps', '', 'warning', 'addresses are rewritten before Postseal decides by them'),
    ...['header_checks', 'mime_header_checks', 'nested_header_checks', 'body_checks'].map(name =>
      option(
        name,
        '',
        'warning',
        'the checks of the final delivery change the message on its way to Postseal',
      ),
    ),
    {
      ...option(
        'tls_security_level',
        'none',
        'error',
        'Postseal speaks no TLS on its way in: mail is deferred',
      ),
      accepts: noTlsNeeded,
    },
    option('tls_wrappermode', 'no', 'error', 'Postseal speaks no TLS on its way in: mail is deferred'),
  ];
}

/** The transports to Postseal. Over LMTP each recipient has a reply of its own: one does for all mail. */
export function transports({ protocol }: Pick<ServiceSection, 'protocol'>): WantedService[] {
  const names = protocol === 'smtp' ? ['postseal', 'postseal-local'] : ['postseal'];
  return names.map(name => ({
    key: `${name}/unix`,
    entry: `${name} unix - - n - 20 ${protocol}`,
    command: protocol,
    options: transportOptions(protocol),
  }));
}

/** The transport for the mail of a service. */
export function transportFor(
  service: Pick<PostfixService, 'command'>,
  { protocol }: Pick<ServiceSection, 'protocol'>,
): string {
  return service.command === 'pickup' && protocol === 'smtp' ? 'postseal-local' : 'postseal';
}

const overrides = ['no_unknown_recipient_checks', 'no_header_body_checks', 'no_address_mappings'];
const refuses = 'what Postfix took already is checked again, and may be refused';

/** Where only this host connects, whatever it says is true. */
const permits = (value: string): boolean => value === '' || listed(value)[0] === 'permit_mynetworks';

/** @param endpoint of the return port, as the ini file has it */
export function returnOptions(endpoint: Endpoint): WantedOption[] {
  const client = {
    value: networksOf(endpoint),
    accepts: (value: string): boolean => letsIn(value, endpoint),
  };
  return [
    {
      name: 'content_filter',
      value: '',
      severity: 'error',
      why: 'what Postseal has signed goes back to it: a loop',
    },
    {
      name: 'receive_override_options',
      value: overrides.join(','),
      severity: 'warning',
      why: 'what was done before the filter is done once more after signing',
      accepts: value => overrides.every(word => listed(value).includes(word)),
    },
    {
      name: 'local_header_rewrite_clients',
      value: '',
      severity: 'warning',
      why: 'Postfix completes and rewrites addresses of the header, From too, after signing',
    },
    {
      name: 'smtpd_authorized_xforward_hosts',
      ...client,
      severity: 'warning',
      why: 'Postseal may not forward client and queue id: the log names Postseal as the client of all mail',
    },
    {
      name: 'mynetworks',
      ...client,
      severity: 'error',
      why: 'Postseal is not among those that may send here, and mail bounces',
    },
    {
      name: 'smtpd_recipient_restrictions',
      value: 'permit_mynetworks,reject',
      severity: 'warning',
      why: refuses,
      accepts: permits,
    },
    ...['helo', 'client', 'sender', 'relay', 'data', 'end_of_data'].map((stage): WantedOption => ({
      name: `smtpd_${stage}_restrictions`,
      value: '',
      severity: 'warning',
      why: refuses,
      accepts: permits,
    })),
    {
      name: 'smtpd_tls_security_level',
      value: 'none',
      severity: 'error',
      why: 'Postseal speaks no TLS to the return port: mail is deferred',
      accepts: value => ['', 'none', 'may'].includes(value),
    },
    {
      name: 'smtpd_sasl_auth_enable',
      value: 'no',
      severity: 'advice',
      why: 'nobody logs in here',
    },
    {
      name: 'smtpd_client_connection_count_limit',
      value: '0',
      severity: 'warning',
      why: 'all mail comes from one client, Postseal',
      accepts: value => value === '0' || Number(value) >= 50,
    },
    {
      name: 'smtpd_soft_error_limit',
      value: '1001',
      severity: 'advice',
      why: 'where many recipients are refused Postfix slows Postseal down',
      accepts: value => Number(value) >= 1001,
    },
    {
      name: 'smtpd_hard_error_limit',
      value: '1000',
      severity: 'advice',
      why: 'where many recipients are refused Postfix hangs up on Postseal',
      accepts: value => Number(value) >= 1000,
    },
  ];
}

/** The return port, as a service of this Postfix. */
export function returnPort(endpoint: Endpoint): WantedService {
  const name = endpoint.kind === 'unix' ? endpoint.path.replace(/^.*\//, '') : placeName(endpoint);
  const type = endpoint.kind === 'unix' ? 'unix' : 'inet';
  return {
    key: `${name}/${type}`,
    entry: `${name} ${type} n - n - 50 smtpd`,
    command: 'smtpd',
    options: returnOptions(endpoint),
  };
}

function placeName({ host, port }: Endpoint & { kind: 'tcp' }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Parameters of main.cf, of the transports. */
export function mainParameters(section: Pick<ServiceSection, 'protocol'>): WantedOption[] {
  return transports(section).flatMap(({ key }) => {
    const name = key.replace('/unix', '');
    if (name === 'postseal-local') return [oneRecipient];
    return [manyRecipients, concurrency];
  });
}

const manyRecipients: WantedOption = {
  name: 'postseal_destination_recipient_limit',
  value: '1000',
  severity: 'warning',
  why: 'a message to more recipients than that is signed several times, in copies that differ',
  accepts: value => value === '0' || Number(value) >= 1000,
};
const concurrency: WantedOption = {
  name: 'postseal_destination_concurrency_limit',
  value: '20',
  severity: 'warning',
  why: 'more than the return port has processes for',
  accepts: value => Number(value) > 0,
};
const oneRecipient: WantedOption = {
  name: 'postseal-local_destination_recipient_limit',
  value: '1',
  severity: 'warning',
  why: 'mail of the sendmail command carries no queue id: of several recipients in one transaction Postseal cannot remember which were refused',
};

/** The options of a service for which another value holds, with that value. */
export function lacking(
  service: PostfixService,
  options: readonly WantedOption[],
  settings: PostfixSettings,
): { readonly option: WantedOption; readonly value: string }[] {
  return options
    .map(option => ({ option, value: settings.of(service, option.name) }))
    .filter(({ option, value }) => !satisfies(option, value));
}

export function satisfies({ value: wanted, accepts }: WantedOption, value: string): boolean {
  return value === wanted || (accepts?.(value) ?? false);
}

/** The entry with all its options, for `postconf -M`. */
export function entryOf({ entry, options }: WantedService): string {
  return [entry, ...options.map(({ name, value }) => `-o ${name}=${value}`)].join(' ');
}
