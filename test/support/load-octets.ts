// Certificates as octets, without a file system.
import { loadCertificate, type CertificateIo, type Loaded } from '../../src/certs/load.js';

/** As if the file `/it` of the certificate `it` had these octets. */
export function loadOctets(bytes: Buffer, password = 'x'): Promise<Loaded> {
  const status = { mode: 0o100600, size: bytes.length, isFile: () => true, isDirectory: () => false };
  const io: CertificateIo = {
    readFile: () => Promise.resolve(bytes),
    stat: () => Promise.resolve(status),
    readdir: () => Promise.resolve([]),
    credentialsDirectory: '/run/credentials/none.service',
    now: () => new Date(),
  };
  return loadCertificate({ name: 'it', file: '/it', password: { kind: 'inline', password } }, io);
}
