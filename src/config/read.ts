// The ini file as text → the Config, or everything that is wrong with it. Opens nothing.
import * as os from 'node:os';
import { dirname, resolve } from 'node:path';
import { Address } from '../address.js';
import { readCertificate, readCertificates } from './certificates.js';
import type {
  Config,
  EventsSection,
  JournalSection,
  MetricsSection,
  Problem,
  ServiceSection,
} from './config.js';
import { isLoopback, isSameEndpoint } from './endpoint.js';
import { Findings, type Place } from './findings.js';
import { events, journal, metrics, service, signing } from './options.js';
import type { Context } from './parsers.js';
import { readException, readRule, warnOfIdleExceptions, warnOfSha1, warnOfShadows } from './rules.js';
import { checkHeaders, readSection } from './sections.js';
import { readingSource, type Section } from './source.js';
import { inOneGo, mapped, type Steps } from '../slices.js';

export interface ReadConfig {
  /** Absent where one of the problems is an error. */
  readonly config: Config | undefined;
  /** Errors and warnings in the order of the file; none of them shows a password. */
  readonly problems: readonly Problem[];
}

/**
 * @param file as it is to be named in messages; relative paths in the text start at its directory
 * @param text UTF-8 where it is bytes
 * @param hostname what the service calls itself where the file does not say
 */
export function readConfig(file: string, text: string | Uint8Array, hostname?: string): ReadConfig {
  return inOneGo(readingConfig(file, text, hostname));
}

/** As `readConfig` in steps, as others wait meanwhile. */
export function* readingConfig(
  file: string,
  text: string | Uint8Array,
  hostname = os.hostname(),
): Steps<ReadConfig> {
  const findings = new Findings(file);
  const sections = checkHeaders(yield* readingSource(text, findings), findings);
  const context = { directory: dirname(resolve(file)) };
  const all = (kind: string): Section[] => sections.filter(section => section.kind === kind);
  const only = (kind: string): Section =>
    all(kind)[0] ?? { kind, name: undefined, title: kind, line: 1, entries: [] };
  const names = {
    certificate: new Set(all('certificate').map(nameOf)),
    certificates: new Set(all('certificates').map(nameOf)),
    rule: new Set(all('rule').map(nameOf)),
  };

  const serviceSection = readService(only('service'), hostname, context, findings);
  const journalSection = readJournal(only('journal'), serviceSection?.hostname, context, findings);
  const eventsSection = readEvents(only('events'), journalSection?.debugFile, context, findings);
  const metricsSection = readMetrics(only('metrics'), context, findings);
  const signingReading = readSection(signing, only('signing'), context, findings);
  const defaults = signingReading.values;
  warnOfSha1(signingReading, findings);
  const certificates = yield* mapped(all('certificate'), section =>
    readCertificate(section, context, findings),
  );
  const directories = yield* mapped(all('certificates'), section =>
    readCertificates(section, context, findings),
  );
  const rules = yield* mapped(all('rule'), section => readRule(section, names, defaults, context, findings));
  const exceptions = yield* mapped(all('exception'), section =>
    readException(section, names.rule, context, findings),
  );

  if (findings.hasErrors || !serviceSection || !journalSection || !eventsSection || !metricsSection) {
    return { config: undefined, problems: findings.problems };
  }
  const config: Config = {
    file,
    service: serviceSection,
    journal: journalSection,
    events: eventsSection,
    metrics: metricsSection,
    certificates: certificates.filter(isRead),
    directories: directories.filter(isRead),
    rules: rules.filter(isRead),
    exceptions: exceptions.filter(isRead),
    leaveUnsigned: defaults.leave_unsigned ?? [],
    requestHeader: defaults.request_header,
    noRule: defaults.no_rule ?? 'pass',
  };
  // Only of a file without errors: a mistake in a rule would make its certificate look unused.
  if (rules.length === 0)
    findings.warning({ line: 1, section: '' }, 'no [rule:NAME] in the file: nothing is signed');
  else warnOfUnused([...all('certificate'), ...all('certificates')], all('rule'), findings);
  yield* warnOfShadows(config.rules, findings);
  warnOfIdleExceptions(all('exception'), config, findings);
  return { config, problems: findings.problems };
}

function readService(
  section: Section,
  hostname: string,
  context: Context,
  findings: Findings,
): ServiceSection | undefined {
  const { values, complete, lineOf } = readSection(service, section, context, findings);
  if (values.listen && values.return && isSameEndpoint(values.listen, values.return)) {
    const key = lineOf('return') === section.line ? 'listen' : 'return';
    const message = 'listen and return are the same: mail would come back for ever, change one of them';
    findings.error({ line: lineOf(key), section: section.title, key }, message);
  }
  if (values.listen?.kind === 'unix' && values.protocol === 'smtp') {
    // smtp(8): only its LMTP half knows unix:pathname.
    const message =
      'Postfix hands mail to a UNIX socket over LMTP only: set protocol = lmtp, or use host:port';
    findings.warning({ line: lineOf('listen'), section: section.title, key: 'listen' }, message);
  }
  if (values.listen && values.clients?.onlyLoopback && !isLoopback(values.listen)) {
    const key = lineOf('clients') === section.line ? 'listen' : 'clients';
    const message = 'no other host may connect: add to clients the addresses of those that hand mail in';
    findings.warning({ line: lineOf(key), section: section.title, key }, message);
  }
  return (
    complete && {
      listen: complete.listen,
      clients: complete.clients,
      return: complete.return,
      protocol: complete.protocol,
      hostname: complete.hostname ?? hostname,
      maxConnections: complete.max_connections,
      maxMessageSize: complete.max_message_size,
      maxHops: complete.max_hops,
      timeout: complete.timeout,
      shutdownTimeout: complete.shutdown_timeout,
      ...(complete.control !== undefined && { control: complete.control }),
    }
  );
}

function readJournal(
  section: Section,
  host = '',
  context: Context,
  findings: Findings,
): JournalSection | undefined {
  const { complete, lineOf, attempted } = readSection(journal, section, context, findings);
  if (attempted('warn_from') && !attempted('warn_to')) {
    const place = { line: lineOf('warn_from'), section: section.title, key: 'warn_from' };
    findings.warning(place, 'not used: there is no warn_to beside it');
  }
  return (
    complete && {
      debug: complete.debug,
      ...(complete.debug && {
        origin: findings.origin({ line: lineOf('debug'), section: section.title, key: 'debug' }),
      }),
      debugFile: complete.debug_file,
      debugLimit: complete.debug_limit,
      warnDays: complete.warn_days,
      warnTo: complete.warn_to ?? [],
      // What the system calls itself may be no name for mail.
      warnFrom:
        complete.warn_from ?? Address.parse(`postseal@${host}`) ?? Address.parse('postseal@localhost')!,
    }
  );
}

function readEvents(
  section: Section,
  debugFile: string | undefined,
  context: Context,
  findings: Findings,
): EventsSection | undefined {
  const { complete, lineOf, attempted } = readSection(events, section, context, findings);
  const place = (name: keyof typeof events): Place => ({
    line: lineOf(name),
    section: section.title,
    key: name,
  });
  const key = 'webhook_authorization_file';
  if (attempted(key) && !attempted('webhook'))
    findings.warning(place(key), 'not used: there is no webhook beside it');
  if (!complete) return undefined;
  const { file, webhook: url, webhook_authorization_file: path } = complete;
  const authorization = path !== undefined && { path, origin: findings.origin(place(key)) };
  const other = [
    ['this ini file', resolve(findings.file)],
    ['the debug_file of [journal]', debugFile],
  ].find(([, taken]) => file !== undefined && taken === file);
  if (other) findings.error(place('file'), `is ${other[0]!}: give events a file of their own`);
  return {
    ...(file !== undefined && { file: { path: file, origin: findings.origin(place('file')) } }),
    ...(url !== undefined && { webhook: { url, ...(authorization && { authorization }) } }),
  };
}

function readMetrics(section: Section, context: Context, findings: Findings): MetricsSection | undefined {
  const { complete, lineOf } = readSection(metrics, section, context, findings);
  if (complete?.listen && !isLoopback(complete.listen)) {
    const message =
      'other hosts can read there, without a password, how much mail is signed and by which rules and certificates: ' +
      'let a firewall decide who, or listen on 127.0.0.1';
    findings.warning({ line: lineOf('listen'), section: section.title, key: 'listen' }, message);
  }
  return complete && { ...(complete.listen && { listen: complete.listen }) };
}

function warnOfUnused(sections: readonly Section[], rules: readonly Section[], findings: Findings): void {
  const used = new Set(
    rules.flatMap(({ entries }) =>
      entries.flatMap(({ key, value = '' }) => value.split(',').map(name => `${key}:${name.trim()}`)),
    ),
  );
  for (const { title, kind, name, line } of sections) {
    if (!used.has(title))
      findings.warning({ line, section: title }, `used by no rule: write ${kind} = ${name!} in one`);
  }
}

function nameOf(section: Section): string {
  return section.name ?? '';
}

function isRead<T>(section: T | undefined): section is T {
  return section !== undefined;
}
