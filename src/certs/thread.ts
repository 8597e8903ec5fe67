// A thread that reads certificate files for the main one: what threads.ts starts.
import type { X509Certificate } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { version } from '../version.js';
import { realIo } from './files.js';
import { readCertificateFile } from './read.js';
import type { Answer, Question } from './threads.js';

const { unit, version: asking } = workerData as { unit: string; version: string };
if (version !== asking)
  throw new Error(`Postseal ${version} is installed, and ${asking} runs: restart the service`);
const io = realIo(unit);
const told = new Map<X509Certificate, number>();

parentPort!.on('message', ({ number, args }: Question) => {
  // What is rejected is a mistake of ours: it ends the thread, and is told to those who wait.
  void readCertificateFile(...args, io).then(({ contents, ...rest }) => {
    const shortened = contents && { ...contents, certificates: contents.certificates.map(shorten) };
    const answer: Answer = { number, file: { ...rest, ...(shortened && { contents: shortened }) } };
    parentPort!.postMessage(answer);
  });
});

/** The same authority comes with thousands of certificates: from the second time on its number is enough. */
function shorten(certificate: X509Certificate): X509Certificate | number {
  if (!certificate.ca) return certificate;
  const number = told.get(certificate);
  if (number === undefined) told.set(certificate, told.size);
  return number ?? certificate;
}
