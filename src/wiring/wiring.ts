// How this Postfix is wired to this ini file: who hands mail over, where to, and who takes it back.
import type { ServiceSection } from '../config/config.js';
import { isSameEndpoint } from '../config/endpoint.js';
import { destinationTo, inetPlace, parseDestination, serves, type Destination } from './places.js';
import { listed, type PostfixService, type PostfixSettings } from './settings.js';
import { returnPort, transportFor } from './wanted.js';

/** A service whose mail goes through a filter. */
export interface Handover {
  readonly service: PostfixService;
  /** Where it is said: an option of the service, main.cf, or an access table. */
  readonly by: 'option' | 'main' | { readonly table: string };
  readonly destination: Destination;
}

export interface Circumstances {
  readonly settings: PostfixSettings;
  readonly section: ServiceSection;
  /** Whether a rule signs with a directory of certificates, as for the people of a house. */
  readonly signsForPersons: boolean;
  /** The texts of those access tables that can be read, by `type:name`. */
  readonly tables: ReadonlyMap<string, string>;
  /** Whether the return port is one of this host. */
  readonly returnsHere: boolean;
}

export class Wiring implements Circumstances {
  readonly settings: PostfixSettings;
  readonly section: ServiceSection;
  readonly signsForPersons: boolean;
  readonly returnsHere: boolean;
  readonly tables: ReadonlyMap<string, string>;
  readonly returnPort: PostfixService | undefined;
  /** To Postseal, or what is meant to be. */
  readonly handovers: readonly Handover[];
  /** Those of them that are not the return port's own: that would be a loop. */
  readonly waysIn: readonly Handover[];
  /** The services to Postseal, each once. */
  readonly transports: readonly PostfixService[];

  constructor(given: Circumstances) {
    const { settings, section } = given;
    this.settings = settings;
    this.section = section;
    this.signsForPersons = given.signsForPersons;
    this.returnsHere = given.returnsHere;
    this.tables = given.tables;
    this.returnPort = given.returnsHere
      ? settings.services.find(s => s.command === 'smtpd' && serves(s, section.return, settings))
      : undefined;
    this.handovers = handoversOf(settings, given.tables).filter(({ destination }) =>
      this.isOurs(destination),
    );
    this.waysIn = this.handovers.filter(({ service }) => service !== this.returnPort);
    const names = new Set(this.waysIn.map(h => h.destination.transport));
    this.transports = settings.services.filter(s => s.type === 'unix' && names.has(s.name));
  }

  /** Services through which users and applications hand mail in. */
  get handIns(): PostfixService[] {
    return this.settings.services.filter(
      service =>
        service.command === 'pickup' ||
        (service.command === 'smtpd' &&
          service.type === 'inet' &&
          service !== this.returnPort &&
          !isPublic(service) &&
          // The way back of another filter.
          service.options.get('content_filter') !== ''),
    );
  }

  /** Services whose mail goes to Postseal over SMTP, but for port 25, which should not be among them. */
  get submissions(): PostfixService[] {
    const services = this.waysIn.map(({ service }) => service);
    return [...new Set(services)].filter(s => s.command === 'smtpd' && !isPublic(s));
  }

  get publicServices(): PostfixService[] {
    return this.settings.services.filter(isPublic);
  }

  /** The return port that there is, or the one to come. */
  get back(): { readonly key: string } {
    return this.returnPort ?? returnPort(this.section.return);
  }

  /** Services with all the options of a return port that are not that of this ini file, or not any more. */
  get formerReturnPorts(): PostfixService[] {
    const names = returnPort(this.section.return).options.map(({ name }) => name);
    return this.settings.services.filter(
      service =>
        service.command === 'smtpd' &&
        service !== this.returnPort &&
        names.every(name => service.options.has(name)),
    );
  }

  /** The milters that see what is signed. */
  get miltersBehind(): string {
    return this.returnPort
      ? this.settings.of(this.returnPort, 'smtpd_milters')
      : this.settings.main('smtpd_milters');
  }

  /** What the content_filter of a service has to say. */
  rightDestination(service: PostfixService): string {
    return destinationTo(transportFor(service, this.section), this.section.listen);
  }

  private isOurs({ transport, endpoint }: Destination): boolean {
    const { listen, return: to } = this.section;
    if (transport === 'postseal' || transport === 'postseal-local') return true;
    return endpoint !== undefined && (isSameEndpoint(listen, endpoint) || isSameEndpoint(to, endpoint));
  }
}

/** To whichever filter, by content_filter and by the FILTER of access tables. */
export function handoversOf(settings: PostfixSettings, tables: ReadonlyMap<string, string>): Handover[] {
  return settings.services
    .filter(({ command }) => ['smtpd', 'pickup', 'qmqpd'].includes(command))
    .flatMap(service => {
      const filter = settings.of(service, 'content_filter');
      const by = service.options.has('content_filter') ? 'option' : 'main';
      const fromTables = accessTables(service, settings).flatMap(table =>
        filterActions(tables.get(table) ?? '').map(text => ({
          service,
          by: { table },
          destination: parseDestination(text),
        })),
      );
      const own = filter === '' ? [] : [{ service, by, destination: parseDestination(filter) } as const];
      return [...own, ...fromTables];
    });
}

/** Port 25, by itself or behind postscreen. */
export function isPublic(service: PostfixService): boolean {
  if (service.command !== 'smtpd') return false;
  return service.type === 'pass' || (service.type === 'inet' && inetPlace(service).port === 25);
}

const stages = ['client', 'helo', 'sender', 'relay', 'recipient', 'data', 'end_of_data'];

/** All that a service checks, as words. */
export function restrictions(service: PostfixService, settings: PostfixSettings): string[] {
  return stages.flatMap(stage => listed(settings.of(service, `smtpd_${stage}_restrictions`)));
}

/** The access tables that a service looks into, as `hash:/etc/postfix/sign`. */
export function accessTables(service: PostfixService, settings: PostfixSettings): string[] {
  if (service.command !== 'smtpd') return [];
  const words = restrictions(service, settings);
  return words.filter((_, i) => /^check_\w+_access$/.test(words[i - 1] ?? ''));
}

/** Where the FILTER actions of a table send mail, access(5). */
function filterActions(text: string): string[] {
  return text.split('\n').flatMap(line => /^(?!\s*#).*\sFILTER\s+([^\s,}]+)/i.exec(line)?.[1] ?? []);
}
