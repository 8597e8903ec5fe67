// `postseal doctor`: looks at the real Postfix, the running service and the files, and says what is missing.
import { counted, escaped, printableJson, shortened } from '../printable.js';
import { exit } from '../exit.js';
import { mendInWords, type Finding } from '../wiring/finding.js';
import { findingsOf, inOrder } from '../wiring/findings.js';
import { findingsOfListener, findingsOfReturnListener } from '../wiring/findings-running.js';
import { Wiring } from '../wiring/wiring.js';
import { defaultConfig, parseOptions } from './arguments.js';
import { readCircumstances, readIniOrFail } from './circumstances.js';
import { coloured, type Colour } from './colour.js';
import { probe } from './probe.js';
import { findingsOfRights } from './rights.js';

export const doctorHelp = `Usage: postseal doctor [--config FILE] [--postfix DIR] [--json]

Looks at Postfix as it is configured, at the running service, and at the rights of the files, and tells what keeps
mail from being signed, or signed mail from arriving as it was signed, each with the command that mends it. It
changes nothing. "postseal wire" sets up all that Postfix needs.

  -c, --config FILE   the ini file (default ${defaultConfig})
      --postfix DIR   the directory of main.cf and master.cf (default: that of the system)
      --json          one JSON object for programs

An error means that mail is not signed, not delivered, or signed for strangers; a warning, that this can happen.
What an access table does (FILTER) is seen where its source is a file of text; certificates are "postseal check"'s.

Exit status: 0 no errors; 78 there are some; 69 there is no Postfix, or postconf fails.
`;

export async function doctor(args: readonly string[]): Promise<number> {
  const { values } = parseOptions('doctor', args, {
    config: { type: 'string', short: 'c' },
    postfix: { type: 'string' },
    json: { type: 'boolean' },
  });
  const findings = await examine(values.config ?? defaultConfig, values.postfix);
  process.stdout.write(
    values.json === true ? toJson(findings, values.postfix) : inWords(findings, values.postfix),
  );
  return findings.some(f => f.severity === 'error') ? exit.config : exit.ok;
}

async function examine(path: string, directory: string | undefined): Promise<Finding[]> {
  const config = await readIniOrFail(path);
  const circumstances = await readCircumstances(config, directory);
  const { service } = config;
  const { returnPort, settings, returnsHere } = new Wiring(circumstances);
  const [listener, back, rights] = await Promise.all([
    probe(service.listen, service.protocol === 'lmtp' ? 'LHLO' : 'EHLO'),
    probe(service.return, 'EHLO'),
    findingsOfRights(config, settings),
  ]);
  return inOrder([
    ...findingsOf(circumstances),
    ...findingsOfListener(listener, service),
    ...findingsOfReturnListener(back, service, returnPort !== undefined || !returnsHere),
    ...rights,
  ]);
}

const colours: Readonly<Record<Finding['severity'], Colour>> = {
  error: 'red',
  warning: 'yellow',
  advice: 'cyan',
};

/** In characters: a value of main.cf may have megabytes. */
const maxText = 2000;

export function inWords(findings: readonly Finding[], directory: string | undefined): string {
  if (findings.length === 0) return `${coloured('green', 'Nothing is wrong.')}\n`;
  const texts = findings.map(({ severity, subject, text, mend }) => {
    const what = `${coloured(colours[severity], severity)}: ${escaped(subject)}: ${escaped(shortened(text, maxText))}\n`;
    return what + mend.map(m => `    ${escaped(mendInWords(m, directory))}\n`).join('');
  });
  const changesPostfix = findings.some(({ mend }) =>
    mend.some(({ kind }) => kind === 'main' || kind === 'option' || kind === 'service'),
  );
  const last = changesPostfix ? 'After changes of main.cf or master.cf: postfix reload\n' : '';
  const counts = [
    counted(findings.filter(f => f.severity === 'error').length, 'error'),
    counted(findings.filter(f => f.severity === 'warning').length, 'warning'),
  ].join(', ');
  return `${texts.join('\n')}\n${counts}\n${last}`;
}

function toJson(findings: readonly Finding[], directory: string | undefined): string {
  const shown = findings.map(({ mend, ...rest }) => ({
    ...rest,
    mend: mend.map(m => mendInWords(m, directory)),
  }));
  return `${printableJson(JSON.stringify({ findings: shown }, undefined, 2))}\n`;
}
