// `postseal test`: a virtual message for each rule or sender, signed as the service would, and verified.
import type { Address } from '../address.js';
import { formatEndpoint } from '../config/config.js';
import { counted, escaped, inQuotes } from '../printable.js';
import { defaultConfig, parseAddress, parseOptions, usageError } from './arguments.js';
import { exit } from '../exit.js';
import { sectionsOf } from '../service/link.js';
import { loadOrFail, type Installation } from '../service/load.js';
import { readRoots, systemStore } from './roots.js';
import { inWords, statusOf, summary, toJson, untestedInWords, type Untested } from './test-report.js';
import { tryOut, type Trial } from './trial.js';
import { senderFor, type VirtualMessage } from './virtual-message.js';

export const testHelp = `Usage: postseal test [--config FILE] [--sender ADDRESS]... [--rule NAME]... [--recipient ADDRESS]
                     [--ca FILE] [--json] [--send RECIPIENT]

Makes a message for every rule, signs it as the service would, tells what was decided, and verifies the signature
with Postseal's own verifier, and with the openssl command where there is one. Without --send nothing leaves.

  -c, --config FILE        the ini file (default ${defaultConfig})
  -f, --sender ADDRESS     a message from this sender instead, whatever rule takes it; may be repeated
      --rule NAME          a message for this rule alone; may be repeated
  -r, --recipient ADDRESS  to whom (default recipient@example.com)
      --ca FILE            trust the roots in FILE (PEM). Without it, a root that the system does not know is no
                           fault, and openssl is not asked for the chain
      --json               one JSON object for programs
      --send RECIPIENT     then hand the messages to the running service, for this recipient: a real delivery

The sender of a rule's message is an address that the rule spells out, one of its certificates, or one made of its
wildcards (*@example.com: test@example.com), and none that an earlier rule takes. A rule without such a sender is
told, and not tested.

Exit status: 0 each message was signed and verifies, or passes unsigned because the ini file says so; 69 one was
refused for good, or does not verify, or the service is not there; 75 one was deferred; 64 the command line is wrong,
or nothing could be tested; 66 FILE cannot be read; 78 the ini file is wrong.
`;

export async function test(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('test', args, {
    config: { type: 'string', short: 'c' },
    sender: { type: 'string', short: 'f', multiple: true },
    rule: { type: 'string', multiple: true },
    recipient: { type: 'string', short: 'r' },
    ca: { type: 'string' },
    json: { type: 'boolean' },
    send: { type: 'string' },
  });
  if (values.send !== undefined && values.recipient !== undefined)
    throw usageError('test', '--recipient and --send: keep one of the two');
  const recipient = parseAddress(values.send ?? values.recipient ?? 'recipient@example.com');
  const senders = values.sender?.map(parseAddress) ?? [];
  const local = senders.find(sender => sender.domain === '' && !sender.isNull);
  if (local)
    throw usageError('test', `--sender ${inQuotes(local.text)} has no domain: write all of the address`);
  const installation = await loadOrFail(values.config ?? defaultConfig);
  const plan = [
    ...planRules(installation, values.rule ?? (senders.length > 0 ? [] : undefined), recipient),
    ...senders.map(sender => ({ rule: undefined, sender, recipient })),
  ];
  const roots = values.ca === undefined ? await systemStore() : await readRoots([values.ca]);
  const circumstances = {
    installation,
    trust: { roots, file: values.ca },
    sends: values.send !== undefined,
  };
  const tell = (text: string): void => {
    if (values.json !== true) process.stdout.write(text);
  };

  const untested = plan.filter(item => 'why' in item);
  if (circumstances.sends) {
    const where = formatEndpoint(installation.config.service.listen);
    const messages = counted(plan.length - untested.length, 'message');
    tell(`Sending ${messages} to <${escaped(recipient.text)}> through ${where}\n\n`);
  }
  const trials: Trial[] = [];
  for (const item of plan) {
    if ('why' in item) tell(untestedInWords(item));
    else {
      const trial = await tryOut(item, circumstances);
      trials.push(trial);
      tell(inWords(trial));
    }
  }
  if (values.json === true) process.stdout.write(toJson(trials, untested));
  if (trials.length === 0) throw usageError('test', 'nothing was tested: name a sender with --sender');
  tell(summary(trials, untested));
  const statuses = trials.map(statusOf);
  return [exit.unavailable, exit.tempFail].find(status => statuses.includes(status)) ?? exit.ok;
}

/** @param names of the rules, undefined for all. @throws CommandError (64) for one that there is not */
function planRules(
  { config, policy: { rules }, identities }: Installation,
  names: readonly string[] | undefined,
  recipient: Address,
): (VirtualMessage | Untested)[] {
  const unknown = names?.find(name => !rules.some(r => r.name === name));
  if (unknown !== undefined) {
    const have = rules.map(r => r.name).join(', ') || 'none';
    throw usageError('test', `no rule named ${inQuotes(unknown)} (have: ${have})`);
  }
  return rules.flatMap((rule, i) => {
    if (names?.includes(rule.name) === false) return [];
    const sections = sectionsOf(config.rules[i]!);
    const own = identities.filter(({ section }) => sections.includes(section));
    const named = own.flatMap(({ identity }) => identity.addresses);
    const found = senderFor(rule, rules.slice(0, i), named);
    return ['why' in found ? { rule: rule.name, why: found.why } : { rule, sender: found.sender, recipient }];
  });
}
