// The service as a value: what it leaves behind where it cannot start.
import { chmod } from 'node:fs/promises';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { Journal } from '../../../src/journal.js';
import { Service } from '../../../src/service/service.js';
import { installationOf } from './installations.js';

vi.mock('node:fs/promises', async original => ({ ...(await original()), chmod: vi.fn() }));

test('where the rights of its socket cannot be set it does not go on listening', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postseal-service-'));
  const path = join(directory, 'in.sock');
  const { config, ...rest } = installationOf({}, []);
  const section = { ...config.service, listen: { kind: 'unix', path } as const };
  const stream = new PassThrough();
  const journal = new Journal({ debug: false, debugFile: 'stdout', stream, timestamps: false });
  const world = { random: (octets: number) => Buffer.alloc(octets), uptime: () => 0 };
  const service = new Service({ ...rest, config: { ...config, service: section } }, journal, world);
  vi.mocked(chmod).mockRejectedValueOnce(new Error('EPERM'));
  await expect(service.start()).rejects.toThrow(`cannot listen on unix:${path}: EPERM`);
  expect([service.listening, existsSync(path)]).toEqual([false, false]);
  rmSync(directory, { recursive: true });
});
