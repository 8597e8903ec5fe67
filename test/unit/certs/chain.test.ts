import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildChain } from '../../../src/certs/chain.js';
import { openssl } from '../../support/pki.js';
import { identityOf, put, source, temporaryPki } from '../../support/pki-temporary.js';

const pki = temporaryPki();
// Authorities of one name share their key, also between Pkis: for renewed and cross certificates.
const elsewhere = temporaryPki();
const read = (path: string): X509Certificate => new X509Certificate(readFileSync(path));
const deep = pki.authority('deep', pki.intermediate);
const issued = pki.issue({ name: 'anna', addresses: ['anna@example.com'], key: 'p256', issuer: deep });
const stranger = pki.authority('stranger', pki.root);
const [leaf, low, high, root, foreign] = [issued, deep, pki.intermediate, pki.root, stranger].map(a =>
  read(a.certificate),
) as [X509Certificate, X509Certificate, X509Certificate, X509Certificate, X509Certificate];

describe('buildChain (R9)', () => {
  it('is nearest first, without the root, whatever the order at hand', () => {
    const orders = [
      [low, high, root, foreign],
      [root, foreign, high, low],
      [high, leaf, low, low, root, foreign, root],
    ];
    for (const others of orders) {
      const chain = buildChain(leaf, others);
      expect(chain.issuers.map(c => c.subject)).toEqual([low.subject, high.subject]);
      expect(chain.unused.map(c => c.subject)).toEqual([foreign.subject]);
      expect(chain.complete).toBe(true);
    }
  });

  it('goes as far as it can', () => {
    expect(buildChain(leaf, [low, high])).toMatchObject({
      issuers: [low, high],
      unused: [],
      complete: false,
    });
    expect(buildChain(leaf, [high, root])).toMatchObject({
      issuers: [],
      unused: [high, root],
      complete: false,
    });
    expect(buildChain(leaf, [])).toMatchObject({ issuers: [], complete: false });
  });

  it('does not believe a name without the signature', () => {
    const args = ['-subj', '/O=Postseal Test/CN=Postseal Test deep', '-key', pki.root.key];
    const impostor = new X509Certificate(openssl(['req', '-x509', '-new', ...args]));
    expect(impostor.subject).toBe(low.subject);
    expect(buildChain(leaf, [impostor, low]).issuers).toEqual([low]);
  });

  it('takes the issuer that lasts longest, and the root before a cross certificate', () => {
    // same name and key as the intermediate, signed by another authority, for a shorter time
    const old = elsewhere.authority('intermediate', stranger, new Date(Date.now() + 86_400_000));
    const fresh = elsewhere.authority('intermediate', pki.root);
    expect(buildChain(low, [read(old.certificate), read(fresh.certificate), root]).issuers).toHaveLength(1);
    const crossed = read(elsewhere.authority('root', stranger).certificate);
    expect(buildChain(high, [crossed, root])).toMatchObject({ issuers: [], complete: true });
    expect(buildChain(high, [crossed, foreign]).issuers).toEqual([crossed, foreign]);
  });
});

describe('buildChain among equals (R9)', () => {
  it('does not depend on the order at hand', () => {
    // twins: same name, key and end
    const notAfter = new Date('2035-01-01T00:00:00Z');
    const twins = [1, 2, 3].map(() =>
      read(elsewhere.authority('deep', pki.intermediate, notAfter).certificate),
    );
    const [a, b, c] = twins as [X509Certificate, X509Certificate, X509Certificate];
    const chains = [
      [a, b, c],
      [c, a, b],
      [b, c, a],
      [c, b, a],
    ].map(others => buildChain(leaf, others).issuers);
    for (const chain of chains) expect(chain).toEqual(chains[0]);
  });

  it('ends where cross certificates go round in a circle', () => {
    const one = elsewhere.authority('one', stranger);
    const two = elsewhere.authority('two', one);
    const oneByTwo = pki.authority('one', two);
    const ringed = pki.issue({ name: 'ringed', addresses: ['ringed@example.com'], key: 'p256', issuer: two });
    const ring = [two, oneByTwo].map(({ certificate }) => read(certificate));
    expect(buildChain(read(ringed.certificate), ring)).toEqual({
      issuers: ring,
      unused: [],
      complete: false,
    });
  });
});

describe('buildChain with a pool (R9)', () => {
  it('takes from it what the others lack, and tells only what of the others is unused', () => {
    expect(buildChain(leaf, [high], [foreign, root, low])).toEqual({
      issuers: [low, high],
      unused: [],
      complete: true,
    });
    const renewed = read(elsewhere.authority('deep', pki.intermediate).certificate);
    expect(buildChain(leaf, [low, foreign], [renewed, high])).toEqual({
      issuers: [low, high],
      unused: [foreign],
      complete: false,
    });
  });
});

describe('an identity', () => {
  it('has the chain of its files, and verifies', async () => {
    const files = ['key', 'certificate'] as const;
    const alone = put(pki, 'alone.pem', files.map(f => readFileSync(issued[f], 'utf8')).join(''));
    const chainFile = put(
      pki,
      'chain.pem',
      readFileSync(pki.root.certificate, 'utf8') + readFileSync(issued.chain, 'utf8'),
    );
    for (const from of [source(issued.pem), source(issued.p12, 'secret'), { ...source(alone), chainFile }]) {
      const identity = await identityOf(from);
      expect(identity.chain).toEqual([low.raw, high.raw]);
      expect(identity.certificate).toEqual(leaf.raw);
    }
  });
});
