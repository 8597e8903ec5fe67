// `postseal explain`: what would be decided for a message, and why, per recipient.
import { describeDecision } from '../sentence.js';
import { factsOf } from '../facts.js';
import type { Address } from '../address.js';
import type { Decision, Verdict } from '../decision.js';
import { daysLeft } from '../identity.js';
import { escaped, oneLine, printableJson } from '../printable.js';
import { decide } from '../rules/decide.js';
import { defaultConfig, envelopeOptions, messageOptions, parseOptions } from './arguments.js';
import { exit } from '../exit.js';
import { readMessage } from './input.js';
import { loadOrFail } from '../service/load.js';

export const explainHelp = `Usage: postseal explain [--config FILE] [--sender ADDRESS] [--recipient ADDRESS]... < in.eml

Tells what the service would decide for a message and why, recipient by recipient. Only the header, the
beginning of the body and the size are looked at; nothing is signed and nothing is sent.

  -c, --config FILE        the ini file (default ${defaultConfig})
  -f, --sender ADDRESS     the envelope sender (default: the From field's)
  -r, --recipient ADDRESS  an envelope recipient, may be repeated (default: those of To, Cc and Bcc)
      --json               one JSON object for programs

Exit status: 0, whatever the decision is.
`;

export async function explain(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('explain', args, { ...messageOptions, json: { type: 'boolean' } });
  const path = values.config ?? defaultConfig;
  const given = envelopeOptions(values);
  const { policy } = await loadOrFail(path);
  const { envelope, header, beginning } = await readMessage(process.stdin, given);
  const recipients = envelope.recipients.map(r => r.address);
  const now = new Date();
  const verdicts = decide(policy, factsOf(envelope, header, beginning), recipients, now);
  if (values.json) {
    const results = verdicts.map((v, i) => ({ recipient: recipients[i]!.text, ...toJson(v, now) }));
    const found = { sender: envelope.sender.text, recipients: results };
    process.stdout.write(`${printableJson(JSON.stringify(found, undefined, 2))}\n`);
  } else {
    process.stdout.write(`Sender <${escaped(envelope.sender.text)}>\n`);
    verdicts.forEach((v, i) => process.stdout.write(inWords(recipients[i]!, v)));
  }
  return exit.ok;
}

function inWords(recipient: Address, { decision, steps }: Verdict): string {
  const reply =
    decision.action === 'refuse'
      ? `\n  reply: ${decision.failure.reply.code} ${escaped(decision.failure.reply.text)}`
      : '';
  const reasons = steps.map(s => `  - ${escaped(s.subject)}: ${oneLine(s.finding)}\n`).join('');
  return `\nRecipient <${escaped(recipient.text)}>: ${escaped(describeDecision(decision))}${reply}\n${reasons}`;
}

function toJson({ decision, steps }: Verdict, now: Date): object {
  return { ...decisionToJson(decision, now), warning: decision.warning, steps };
}

export function decisionToJson(decision: Decision, now: Date): object {
  switch (decision.action) {
    case 'sign': {
      const { rule, identity, algorithm, form, headerProtection } = decision;
      return {
        action: 'sign',
        rule,
        certificate: { name: identity.name, subject: identity.subject, daysLeft: daysLeft(identity, now) },
        signature: algorithm.title,
        digest: algorithm.digest.name,
        form,
        headerProtection,
      };
    }
    case 'pass':
      return { action: 'pass', rule: decision.rule, reason: decision.reason };
    case 'refuse':
      return {
        action: 'refuse',
        rule: decision.rule,
        reason: decision.failure.message,
        reply: decision.failure.reply,
      };
  }
}
