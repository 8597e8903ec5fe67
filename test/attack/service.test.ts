// Attack: a running service whose certificates, file names, senders and return port are full of what a terminal obeys. Each
// line that it writes stays one clean line: journal, events, webhook, replies, metrics, and the mail about certificates.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forged, hostile, hostileName, hostilePem, obeyed } from '../support/hostile.js';
import { HookServer } from '../support/hook-server.js';
import { until } from '../support/postfix.js';
import { SigningService } from '../support/signing-service.js';

const author = 'anna\u202e\u061c@example.com';
const member = `a"b\\c${hostileName}.pem`;
let service: SigningService;
let hook: HookServer;
let metrics: string;
const replies: string[] = [];

beforeAll(async () => {
  hook = await HookServer.start();
  service = await SigningService.start(directory => {
    mkdirSync(join(directory, 'staff'));
    // Of 100 KB each attribute of it; NUL, line ends and the rest in the first.
    writeFileSync(
      join(directory, 'staff', member),
      hostilePem(hostile + 'x'.repeat(50_000), ['eve@example.org', author.replace('.com', '.org')]),
    );
    writeFileSync(join(directory, 'staff', `damaged${member}`), `-----BEGIN ${'x'.repeat(100_000)}-----\n`);
    metrics = join(directory, 'metrics.sock');
    return {
      sections: `[certificates:staff]
directory = staff
[rule:staff]
sender = *@example.org
certificates = staff
[events]
file = ${directory}/events.json
webhook = http://127.0.0.1:${hook.port}/
[metrics]
listen = unix:${metrics}
[journal]
warn_to = postmaster@example.com
`,
    };
  });
  replies.push(await service.send('A', 'eve@example.org'));
  replies.push(await service.send('B', author.replace('.com', '.org')));
  replies.push(await service.send('C', author));
  service.returnPort.fault({
    at: 'dot',
    reply: `550 5.7.1 no\x1b[2J \x9b31m\0 ${'x'.repeat(1000)}`,
    times: 1,
  });
  replies.push(await service.send('D', 'eve@example.org'));
});
afterAll(async () => {
  await service.remove();
  await hook.close();
});

const clean = (text: string): void => {
  expect(text).not.toMatch(obeyed);
  expect(text).not.toMatch(forged);
  for (const line of text.split('\n')) expect(line.length).toBeLessThan(5000);
};

test('journal and events', async () => {
  const journal = (): string => readFileSync(join(service.directory, 'journal'), 'utf8');
  await until(
    () => `the last line in ${journal()}, after ${replies.join()}`,
    () => /^\S+ D: /m.test(journal()),
  );
  clean(journal());
  expect(journal()).toMatch(/certificate=staff\/a"b\\c/);
  const events = (): string[] =>
    readFileSync(join(service.directory, 'events.json'), 'utf8').trim().split('\n');
  await until('all events', () => events().length >= 4);
  clean(events().join('\n'));
  for (const event of events()) expect(JSON.parse(event)).toHaveProperty('reply');
});

test('webhook', async () => {
  await until('a request', () => hook.requests.length > 0);
  for (const { body, headers } of hook.requests) clean(body + JSON.stringify(headers));
});

test('replies', () => {
  expect(replies).toHaveLength(4);
  for (const reply of replies)
    expect(reply.replace(/\r?\n/g, '\n')).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/);
});

test('the mail about certificates that expire', async () => {
  const warning = () => service.returnPort.messages.find(m => m.recipients.join('').includes('postmaster@'));
  await until('the mail', () => warning() !== undefined);
  const [head, body = ''] = warning()!.content.toString().split('\r\n\r\n', 2);
  expect(head).toMatch(/^Subject: [ -~]+$/m);
  expect(head!.split('\r\n').every(line => /^[\t -~]{1,998}$/.test(line))).toBe(true);
  const text = /base64/.test(head!) ? Buffer.from(body, 'base64').toString() : body;
  clean(text.replaceAll('\r\n', '\n'));
});

test('metrics: each line is one, with quotes and backslashes escaped', async () => {
  const text = await new Promise<string>((resolve, reject) => {
    get({ socketPath: metrics, path: '/metrics' }, response => {
      let all = '';
      response.setEncoding('utf8').on('data', (piece: string) => (all += piece));
      response.on('end', () => {
        resolve(all);
      });
    }).on('error', reject);
  });
  clean(text);
  expect(text).toContain('certificate="staff/a\\"b\\\\c');
  const label = String.raw`\w+="(?:[^"\\]|\\["\\n])*"`;
  const line = new RegExp(String.raw`^(?:#.*|[\w:]+(?:\{${label}(?:,${label})*\})? [-+\w.]+|)$`);
  expect(text.split('\n').filter(one => !line.test(one))).toEqual([]);
});
