// What the metrics cost while nobody reads them.
import perf from 'node:perf_hooks';
import { expect, test, vi } from 'vitest';
import { Metrics } from '../../../src/service/metrics.js';
import type { Status } from '../../../src/service/snapshot.js';

test('the event loop is watched from the first reader on, and once', async () => {
  const monitor = vi.spyOn(perf, 'monitorEventLoopDelay');
  const metrics = new Metrics();
  expect(monitor).not.toHaveBeenCalled();
  const status = {
    ...{ inFlight: 0, connections: 0, rulesUnableToSign: [], certificates: [], certificatesUnusable: 0 },
    ...{ returnPort: { up: true, connections: { idle: 0, busy: 0 } }, events: {}, debug: {} },
    reloads: { ok: 0, failed: 0 },
  } as unknown as Status;
  await metrics.answer(status);
  expect((await metrics.answer(status)).body).toContain('\nnodejs_eventloop_lag_p99_seconds ');
  expect(monitor).toHaveBeenCalledOnce();
});
