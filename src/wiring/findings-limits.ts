// Limits that have to fit together: sizes, processes, connections, recipients.
import { setMain, setOption, type Edit } from './edit.js';
import { finding, type Finding } from './finding.js';
import type { PostfixService, PostfixSettings } from './settings.js';
import type { Wiring } from './wiring.js';

export function findingsOfLimits(wiring: Wiring): Finding[] {
  return [...tooSmall(wiring), ...tooManyDeliveries(wiring), ...tooManyRecipients(wiring)];
}

/** In octets; 0, and what is no number, is no limit. */
function size(value: string): number {
  return Number(value) > 0 ? Number(value) : Infinity;
}

/** What a message of this size may be once it is signed: 8-bit leaves become base64, 4 octets for 3. */
function signedSize(octets: number): number {
  return Math.ceil((octets * 4) / 3);
}

/** Services whose mail may be too large for the return port once it is signed. */
function tooSmall(wiring: Wiring): Finding[] {
  // Without a return port there is more to mend first.
  if (!wiring.returnPort) return [];
  return wiring.submissions
    .filter(service => !roomFor(service, wiring))
    .map(service => {
      const limit = wiring.settings.of(service, 'message_size_limit');
      const text = `message_size_limit = ${limit} here, and the return port takes no more than ${roomOf(wiring)} octets: a message that is a third larger once it is signed bounces`;
      return finding('warning', service, text, roomEdits([service], wiring));
    });
}

/** Not more than the message_size_limit of main.cf, which cleanup(8) has for all mail. */
function roomOf({ settings, returnPort }: Wiring): number {
  const main = size(settings.main('message_size_limit'));
  return returnPort ? Math.min(main, size(settings.of(returnPort, 'message_size_limit'))) : main;
}

function roomFor(service: PostfixService, wiring: Wiring): boolean {
  const room = roomOf(wiring);
  if (!wiring.returnsHere || room === Infinity) return true;
  return room >= signedSize(size(wiring.settings.of(service, 'message_size_limit')));
}

/** Raises the limit of main.cf by a third, and leaves it as it was for these services. */
export function roomEdits(services: readonly PostfixService[], wiring: Wiring): Edit[] {
  const { settings, returnPort } = wiring;
  const short = services.filter(service => service.command === 'smtpd' && !roomFor(service, wiring));
  if (short.length === 0) return [];
  const limits = short.map(service => size(settings.of(service, 'message_size_limit')));
  const main = size(settings.main('message_size_limit'));
  // Where a service knows no limit it gets that of all others.
  const capped = limits.map(limit => (limit === Infinity ? roomOf(wiring) : limit));
  const needed = Math.max(...capped.map(signedSize));
  const raised = Math.max(needed, main);
  const ofReturn = returnPort?.options.get('message_size_limit');
  return [
    ...short.map((service, i) => setOption(service, 'message_size_limit', String(capped[i]!))),
    ...(main >= needed
      ? []
      : [...mailboxEdits(raised, settings), setMain('message_size_limit', String(raised))]),
    ...(returnPort && ofReturn !== undefined && size(ofReturn) < needed
      ? [setOption(returnPort, 'message_size_limit', String(needed))]
      : []),
  ];
}

/** local(8) and virtual(8) do not run where a mailbox may be smaller than a message. */
function mailboxEdits(octets: number, settings: PostfixSettings): Edit[] {
  return ['mailbox_size_limit', 'virtual_mailbox_limit']
    .filter(name => size(settings.main(name)) < octets)
    .map(name => setMain(name, String(octets)));
}

/** Each delivery to Postseal is a connection, and has at least one to the return port. */
function tooManyDeliveries({ transports, settings, section, returnPort }: Wiring): Finding[] {
  const each = transports.map(transport => settings.deliveries(transport));
  const all = each.reduce((sum, n) => sum + n, 0);
  const names = transports.map(transport => transport.name).join(' and ');
  const found: Finding[] = [];
  const many = `${all === Infinity ? 'any number of' : all} deliveries at a time (${names})`;
  const lower = (room: number): Edit[] =>
    transports.map(({ name }) =>
      setMain(
        `${name}_destination_concurrency_limit`,
        String(Math.max(1, Math.floor(room / transports.length))),
      ),
    );
  const processes = returnPort ? settings.processes(returnPort) : Infinity;
  if (all > processes) {
    const text = `${many} for the ${processes} processes of the return port ${returnPort!.name}: the others wait, and are deferred`;
    found.push(finding('warning', 'main.cf', text, lower(processes)));
  }
  if (all > section.maxConnections) {
    const text = `${many} for the ${section.maxConnections} connections that Postseal takes (max_connections): the others are deferred`;
    found.push(finding('warning', 'main.cf', text, lower(Math.min(processes, section.maxConnections))));
  }
  return found;
}

function tooManyRecipients({ transports, settings, returnPort }: Wiring): Finding[] {
  if (!returnPort) return [];
  const limit = Number(settings.of(returnPort, 'smtpd_recipient_limit'));
  return transports
    .filter(transport => settings.recipients(transport) > limit)
    .map(transport => {
      const name = `${transport.name}_destination_recipient_limit`;
      const text = `the return port takes ${limit} recipients a message (smtpd_recipient_limit), and ${name} is more: such mail is deferred time and again`;
      return finding('error', returnPort, text, [
        setOption(returnPort, 'smtpd_recipient_limit', '1000'),
        setMain(name, '1000'),
      ]);
    });
}
