// What is wrong with the way to Postseal: the address, the transport, its options.
import { formatEndpoint } from '../config/config.js';
import { isSameEndpoint } from '../config/endpoint.js';
import { setMain, setOption, type Edit } from './edit.js';
import { finding, type Finding } from './finding.js';
import { told, type PostfixService } from './settings.js';
import { entryOf, lacking, mainParameters, satisfies, transportOptions, transports } from './wanted.js';
import type { Handover, Wiring } from './wiring.js';

export function findingsOfTransport(wiring: Wiring): Finding[] {
  return [
    ...wiring.waysIn.flatMap(handover => wrongAddress(handover, wiring)),
    ...missingTransports(wiring),
    ...wiring.transports.flatMap(transport => [
      ...wrongProtocol(transport, wiring),
      ...socketOutOfReach(transport, wiring),
      ...wrongOptions(transport, wiring),
      ...strangeAddress(transport, wiring),
    ]),
    ...wrongParameters(wiring),
  ];
}

function wrongAddress({ service, by, destination }: Handover, wiring: Wiring): Finding[] {
  const { listen, return: to } = wiring.section;
  const { endpoint, exact, text } = destination;
  const right = wiring.rightDestination(service);
  const mend: Edit[] =
    by === 'option'
      ? [setOption(service, 'content_filter', right)]
      : by === 'main'
        ? [setMain('content_filter', right)]
        : [];
  const where = typeof by === 'string' ? `content_filter = ${text}` : `FILTER ${text} in ${by.table}`;
  const error = (what: string): Finding[] => [finding('error', service, `${where}: ${what}`, mend)];
  if (endpoint === undefined) return error(`names no address behind the transport, as in ${right}`);
  if (isSameEndpoint(to, endpoint)) return error('is the return port: mail passes Postseal by, unsigned');
  if (!isSameEndpoint(listen, endpoint))
    return error(`Postseal does not listen there, but on ${formatEndpoint(listen)}`);
  // Over LMTP there are no mail exchangers, lmtp(8).
  if (exact || wiring.section.protocol === 'lmtp') return [];
  const lookup = 'without brackets around the host Postfix asks the name server for its mail exchangers';
  return [finding('warning', service, `${where}: ${lookup}`, mend)];
}

function missingTransports(wiring: Wiring): Finding[] {
  const { waysIn, settings, section } = wiring;
  const names = [...new Set(waysIn.map(h => h.destination.transport))];
  return names
    .filter(name => !settings.service(`${name}/unix`))
    .map(name => {
      const users = waysIn.filter(h => h.destination.transport === name).map(h => h.service);
      const keys = users.map(service => service.key).join(', ');
      const text = `there is no transport "${name}", to which ${keys} hands mail: it is deferred`;
      const wanted = transports(section).find(({ key }) => key === `${name}/unix`);
      const mend: Edit[] = wanted
        ? [{ kind: 'service', service: wanted.key, value: entryOf(wanted) }]
        : users.map(user => setOption(user, 'content_filter', wiring.rightDestination(user)));
      return finding('error', 'master.cf', text, mend);
    });
}

function wrongProtocol(transport: PostfixService, { section }: Wiring): Finding[] {
  const { command } = transport;
  const { protocol } = section;
  if (command === protocol) return [];
  const speaks = ['smtp', 'lmtp'].includes(command) ? `speaks ${command.toUpperCase()}` : `is ${command}`;
  const text = `${speaks}, and Postseal speaks ${protocol.toUpperCase()} (protocol = ${protocol})`;
  return [finding('error', transport, text, [replaced(transport, section.protocol)])];
}

/** The whole entry anew: its options are those of the other protocol. */
function replaced({ key, name }: PostfixService, protocol: 'smtp' | 'lmtp'): Edit {
  const value = entryOf(transports({ protocol })[0]!).replace(/^\S+/, name);
  return { kind: 'service', service: key, value };
}

function socketOutOfReach(transport: PostfixService, { section, settings }: Wiring): Finding[] {
  const { listen, protocol } = section;
  if (listen.kind !== 'unix' || !transport.chroot || transport.command !== protocol) return [];
  const queue = settings.main('queue_directory');
  const text = `has y in the chroot column: there is no ${listen.path} for it, all that it sees is ${queue}`;
  const value = withoutChroot(transport);
  return [finding('error', transport, text, [{ kind: 'service', service: transport.key, value }])];
}

function withoutChroot({ line }: PostfixService): string {
  return line.replace(/^((?:\S+ ){4})\S+/, '$1n');
}

function wrongOptions(transport: PostfixService, { section, settings }: Wiring): Finding[] {
  if (transport.command !== section.protocol) return [];
  return lacking(transport, transportOptions(section.protocol), settings).map(({ option, value }) => {
    const { severity, name, why } = option;
    const mend = [setOption(transport, name, option.value)];
    return finding(severity, transport, `${told(name, value)}: ${why}`, mend);
  });
}

/** Where it connects from another address than Postseal expects. */
function strangeAddress(transport: PostfixService, { section, settings }: Wiring): Finding[] {
  const name = `${section.protocol}_bind_address`;
  const address = settings.of(transport, name);
  const isAddress = /^[\d.]+$|:/.test(address);
  if (section.listen.kind === 'unix' || !isAddress || section.clients.includes(address)) return [];
  const text = `${told(name, address)}: Postseal takes no mail from there (clients in the ini file)`;
  return [finding('error', transport, text, [setOption(transport, name, '')])];
}

/** The limits of the transports, in main.cf. */
function wrongParameters({ transports: used, section, settings }: Wiring): Finding[] {
  return mainParameters(section).flatMap(wanted => {
    const [, name, limit] = /^(.*)_destination_(.*)$/.exec(wanted.name)!;
    if (!used.some(transport => transport.name === name)) return [];
    const value = settings.main(wanted.name) || settings.main(`default_destination_${limit!}`);
    if (satisfies(wanted, value)) return [];
    return [
      finding(wanted.severity, 'main.cf', `${wanted.name} = ${value}: ${wanted.why}`, [
        setMain(wanted.name, wanted.value),
      ]),
    ];
  });
}
