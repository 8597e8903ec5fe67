// `postseal cert request`: a key that waits, and the request to send to a certificate authority.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from '../../printable.js';
import { isSectionName } from '../../config/parsers.js';
import { exit } from '../../exit.js';
import { commonName, parseName, type Attribute } from '../../issue/name.js';
import { certificateRequest } from '../../issue/request.js';
import { defaultConfig, parseOptions, usageError } from '../arguments.js';
import { algorithms, keyToPem, newKey, readAddresses, readAlgorithm } from './new-key.js';
import { placeOf } from './place.js';
import { print } from './report.js';
import { makeDirectory, secretMode, writeNew } from './store.js';

export const requestHelp = `Usage: postseal cert request NAME --address ADDRESS [--address ADDRESS]... [--subject NAME]
                             [--algorithm ALGORITHM] [--config FILE]

Makes a key, and a request (PKCS#10) for a certificate that signs mail of these addresses, to be sent to a certificate
authority. The key stays here, in certs/NAME.key beside the ini file; the request is certs/NAME.csr. Once the
certificate is there, "postseal cert add" and "postseal cert replace" find the key that belongs to it.

      --address ADDRESS      whom the certificate is to name, may be repeated
      --subject NAME         whose it is, as in "CN=Billing,O=Example GmbH,C=DE" (default: CN= and the first address);
                             many authorities put in their own
      --algorithm ALGORITHM  of the key: ${algorithms.join(', ')} (default rsa-3072)
  -c, --config FILE          the ini file (default ${defaultConfig})

Exit status: 0; 64 the command line is wrong; 73 there is one of that name, and nothing is overwritten; 77 this user
may not; 74 the disk does not take it.
`;

export async function request(args: readonly string[]): Promise<number> {
  const options = {
    config: { type: 'string', short: 'c' },
    address: { type: 'string', multiple: true },
    subject: { type: 'string' },
    algorithm: { type: 'string' },
  } as const;
  const { values, positionals } = parseOptions('cert request', args, options, true);
  const [name] = positionals;
  if (name === undefined || positionals.length > 1 || !isSectionName(name))
    throw usageError('cert request', 'give it one NAME, of A-Z a-z 0-9 . _ - only');
  const addresses = readAddresses('cert request', values.address);
  const algorithm = readAlgorithm('cert request', values.algorithm ?? 'rsa-3072');
  const subject =
    values.subject === undefined ? commonName(addresses[0]!.canonical) : readSubject(values.subject);
  const { ini, certs, group } = await placeOf(values.config ?? defaultConfig);

  const key = await newKey(algorithm);
  const base64 = certificateRequest(subject, addresses, key)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${base64}-----END CERTIFICATE REQUEST-----\n`;
  const [keyFile, file] = [join(certs, `${name}.key`), join(certs, `${name}.csr`)];
  await makeDirectory(certs, 0o750, group);
  await writeNew(keyFile, Buffer.from(keyToPem(key)), secretMode, group);
  try {
    await writeNew(file, Buffer.from(pem), 0o644, group);
  } catch (error) {
    await rm(keyFile);
    throw error;
  }
  const config = ini === defaultConfig ? '' : ` --config ${quoted(ini)}`;
  print(
    `The request: ${file}`,
    `The key, which waits here and goes nowhere: ${keyFile}`,
    'Send the request to your certificate authority. When the certificate is there:',
    `  postseal cert add CERTIFICATE --chain ISSUERS${config}`,
    'or, where it renews one, "postseal cert replace". Either finds the key by itself.',
  );
  return exit.ok;
}

/** @throws CommandError (64) */
function readSubject(text: string): Attribute[] {
  try {
    return parseName(text);
  } catch (error) {
    throw usageError('cert request', `--subject: ${(error as Error).message}`);
  }
}
