// The return port of Postfix as a UNIX socket, as the README has it.
//
//   smtp-source ──► smtpd ──► postseal ──► public/back (smtpd) ──► maildir
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithPeers } from '../support/peers.js';
import { makePki } from '../support/pki.js';
import { freePort, Postfix } from '../support/postfix.js';
import { PostsealProcess } from '../support/postseal-process.js';

describeWithPeers('a return port that is a UNIX socket', ['postfix', 'smtp-source', 'openssl'], () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-return-'));
  let postfix: Postfix;
  let postseal: PostsealProcess;

  beforeAll(async () => {
    const listenPort = await freePort();
    const { pem } = makePki(directory).issue({ name: 'anna', addresses: ['anna@example.com'], days: 20 });
    postfix = await Postfix.start({ postsealPort: listenPort, returnSocket: true });
    postseal = await PostsealProcess.start({
      listenPort,
      returnPort: join(postfix.directory, 'queue', 'public', 'back'),
      ini: `[journal]\nwarn_to = postmaster@example.com\n[certificate:anna]\nfile = ${pem}\n[rule:anna]\nsender = anna@example.com\ncertificate = anna\n`,
    });
  });

  afterAll(async () => {
    await postseal.remove();
    await postfix.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  test('takes the signed mail, and XFORWARD with it', async () => {
    const message = Buffer.from('From: anna@example.com\nMessage-ID: <1@example.com>\n\nHello\n');
    await postfix.smtpSource(['-f', 'anna@example.com', '-t', 'kim@example.net'], message);
    const [copy] = await postfix.delivered('1@example.com', 1);
    expect(copy!.content.toString()).toContain('Content-Type: multipart/signed;');
    expect(postfix.log()).toMatch(/smtpd\[\d+\]: \w+: client=\S+, orig_queue_id=\w+/);
  });

  test('takes the mail about a certificate that expires, which did not come back to be signed', async () => {
    const [mail] = await postfix.delivered('Message-ID: <postseal-expiry.');
    expect(mail).toMatchObject({ recipient: 'postmaster@example.com', sender: '' });
    expect(mail!.content.toString()).toContain('certificate anna expires on');
    expect(mail!.raw.toString()).not.toMatch(/multipart\/signed|\(Postseal\)/);
  });
});
