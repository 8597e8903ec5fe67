// The ini file as values: everything checked that can be checked without opening another file.
import type { Address } from '../address.js';
import { escaped, shortened } from '../printable.js';
import type { Exception, Policy, Rule } from '../rules/policy.js';
import type { Networks } from './networks.js';

/** Where to listen or connect: `127.0.0.1:10025`, `[::1]:10025` or `unix:/run/postseal/in.sock`. */
export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** As the ini file writes it. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`;
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

/** `postseal.ini:14: [rule:invoices] certificate`: where something stands in the file. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly section: string;
  readonly key?: string;
}

/** One mistake: where, what is wrong, and how to mend it. */
export interface Problem {
  readonly origin: Origin;
  readonly message: string;
  /** A warning does not keep the service from starting. */
  readonly severity: 'error' | 'warning';
}

export interface ServiceSection {
  readonly listen: Endpoint;
  /** Who may connect over TCP. */
  readonly clients: Networks;
  readonly return: Endpoint;
  readonly protocol: 'smtp' | 'lmtp';
  /** The name in the greeting and in the Received field. */
  readonly hostname: string;
  readonly maxConnections: number;
  /** Largest message in bytes; 0 is unlimited. */
  readonly maxMessageSize: number;
  /** More of Postseal's own Received fields than this is a loop (R37). */
  readonly maxHops: number;
  /** Seconds of silence after which a connection, either way, is given up; a command has no more time in all. */
  readonly timeout: number;
  /** Seconds that the end of the service waits for mail in flight. */
  readonly shutdownTimeout: number;
  /** The path of the control socket; where systemd makes a directory for it unless the file says. */
  readonly control?: string;
}

export interface JournalSection {
  readonly debug: boolean;
  /** Where the file says so. */
  readonly origin?: Origin;
  /** Where the debug journal goes: a file, or `stdout`. */
  readonly debugFile: string;
  /** So many days before it expires a certificate is warned of; the greatest first. */
  readonly warnDays: readonly number[];
  /** Whom such warnings are mailed to. */
  readonly warnTo: readonly Address[];
  readonly warnFrom: Address;
  /** Octets of that file and the one before it together; 0 for no limit. */
  readonly debugLimit: number;
}

export interface EventsSection {
  readonly file?: { readonly path: string; readonly origin: Origin };
  readonly webhook?: {
    readonly url: string;
    /** The file whose first line is the Authorization header. */
    readonly authorization?: { readonly path: string; readonly origin: Origin };
  };
}

export interface MetricsSection {
  /** Where metrics and health are to be had, beside the control socket. */
  readonly listen?: Endpoint;
}

/** Where a password comes from; the password itself is read by `certs` and kept nowhere else. */
export type PasswordSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly path: string }
  /** A systemd credential. */
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'inline'; readonly password: string };

/** [certificate:NAME]: one key with its certificate. Each file is an absolute path, or `credential:NAME`. */
export interface CertificateSection {
  readonly name: string;
  readonly origin: Origin;
  /** PKCS#12 or PEM. */
  readonly file: string;
  /** PEM of the private key, where it is not in `file`. */
  readonly keyFile?: string;
  /** PEM of the issuers, where they are not in `file`. */
  readonly chainFile?: string;
  readonly password: PasswordSource;
}

/** [certificates:NAME]: a directory of PKCS#12 and PEM files, each with key and certificate in one. */
export interface CertificatesSection {
  readonly name: string;
  readonly origin: Origin;
  readonly directory: string;
  /** Whether a change in it is a reason to reload. */
  readonly watch: boolean;
  /** Opens every file in it. */
  readonly password: PasswordSource;
}

/** A rule before its certificates are at hand. */
export interface RuleSection extends Omit<Rule, 'identitiesFor' | 'unusableFor' | 'certificateSource'> {
  readonly origin: Origin;
  /** Absent in a rule that never signs; a rule names one directory, but may name several certificates. */
  readonly certificate?: {
    readonly section: 'certificate' | 'certificates';
    readonly names: readonly string[];
  };
}

export interface Config {
  readonly file: string;
  readonly service: ServiceSection;
  readonly journal: JournalSection;
  readonly events: EventsSection;
  readonly metrics: MetricsSection;
  readonly certificates: readonly CertificateSection[];
  readonly directories: readonly CertificatesSection[];
  readonly rules: readonly RuleSection[];
  readonly exceptions: readonly Exception[];
  readonly leaveUnsigned: Policy['leaveUnsigned'];
  readonly requestHeader: Policy['requestHeader'];
  readonly noRule: Policy['noRule'];
}

/** A value that is quoted is cut long before; this is for paths, and for what is told of them. */
const maxMessage = 2000;

/** `postseal.ini:14: [rule:invoices] certificate: no certificate named "sales" (have: billing, info)` */
export function formatProblem({ origin, message, severity }: Problem): string {
  const section = origin.section === '' ? '' : ` [${shortened(origin.section)}]`;
  const key = origin.key === undefined ? '' : ` ${shortened(origin.key)}`;
  const where = `${origin.file}:${origin.line}:${section}${key}`;
  const what = `${severity === 'warning' ? 'warning: ' : ''}${shortened(message, maxMessage)}`;
  // Patterns, paths and names of files may hold what a terminal obeys.
  return escaped(`${where}${section === '' && key === '' ? '' : ':'} ${what}`);
}
