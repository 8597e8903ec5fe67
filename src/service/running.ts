// The running service, for those who ask how it is, and for a reload.
import type { Shelf } from '../certs/load.js';
import type { ExpiryWatch } from './expiry-watch.js';
import type { Metrics } from './metrics.js';
import type { Records } from './records.js';
import type { Service } from './service.js';
import type { Tally } from './tally.js';
import type { Watch } from './watch.js';

export interface Running {
  /** The ini file. */
  readonly path: string;
  readonly service: Service;
  /** The certificate files as they were read last. */
  readonly shelf: Shelf;
  readonly records: Records;
  readonly watch: Watch;
  readonly expiry: ExpiryWatch;
  readonly tally: Tally;
  readonly metrics: Metrics;
  /** When it comes, everything stays as it is. */
  readonly ending: AbortSignal;
}
