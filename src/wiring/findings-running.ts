// What is wrong with what runs: whether Postseal and the return port answer, and are who they should be.
import { formatEndpoint, type ServiceSection } from '../config/config.js';
import { oneLine } from '../printable.js';
import { finding, type Finding, type Mend } from './finding.js';

/** What a server said: greeting and reply to EHLO, lines set apart by LF; or why it did not. */
export type Probe = { readonly greeting: string; readonly hello: string } | { readonly fault: string };

const start: Mend = { kind: 'command', command: 'systemctl enable --now postseal.socket postseal.service' };
/** Where the socket is there and nobody takes the connection from it. */
const look: readonly Mend[] = ['postseal check', 'systemctl status postseal'].map(command => ({
  kind: 'command',
  command,
}));
const reload: Mend = { kind: 'command', command: 'postfix reload' };

export function findingsOfListener(probe: Probe, { listen }: ServiceSection): Finding[] {
  const place = formatEndpoint(listen);
  if ('fault' in probe) {
    if (!notThere(probe.fault))
      return [finding('error', place, `Postseal does not answer (${probe.fault})`, look)];
    const text = 'Postseal does not run: nobody listens there, and mail for it is deferred';
    return [finding('error', place, text, [start])];
  }
  const said = oneLine(probe.greeting);
  if (!/\bPostseal\b/.test(said)) {
    const mend: Mend[] = [{ kind: 'command', command: `ss -lntxp | grep ${placeOfSocket(place)}` }];
    return [finding('error', place, `somebody else listens there, who greets with "${said}"`, mend)];
  }
  if (said.startsWith('220')) return [];
  return [finding('warning', place, `Postseal runs, but refused this connection: "${said}"`)];
}

/** As it stands in the list of sockets. */
function placeOfSocket(place: string): string {
  return place.replace(/^unix:/, '').replace(/^.*(?=:\d+$)/, '');
}

/** @param defined whether master.cf has it: where not, that is what is to be told */
export function findingsOfReturnListener(
  probe: Probe,
  { return: to }: ServiceSection,
  defined: boolean,
): Finding[] {
  const place = formatEndpoint(to);
  if ('fault' in probe) {
    if (!defined && notThere(probe.fault)) return [];
    const text = notThere(probe.fault)
      ? 'nobody listens on the return port: Postfix does not run, or has not read its configuration since'
      : `the return port does not answer (${probe.fault})`;
    return [finding('error', place, text, [reload])];
  }
  const said = oneLine(probe.greeting);
  if (/\bPostseal\b/.test(said))
    return [finding('error', place, 'is a Postseal, not the return port: signed mail would never leave')];
  if (!said.startsWith('220'))
    return [finding('error', place, `the return port refuses Postseal: "${said}"`)];
  if (/^250[- ]XFORWARD\b/im.test(probe.hello)) return [];
  const text =
    'the return port offers no XFORWARD: Postfix has not read its configuration since, or it is another server';
  return [finding('warning', place, text, [reload])];
}

function notThere(fault: string): boolean {
  return fault === 'ECONNREFUSED' || fault === 'ENOENT';
}
