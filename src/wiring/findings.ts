// Everything that is wrong with a wiring, the worst first.
import type { Finding } from './finding.js';
import { findingsOfLimits } from './findings-limits.js';
import { findingsOfReturn } from './findings-return.js';
import { findingsOfServices } from './findings-services.js';
import { findingsOfTransport } from './findings-transport.js';
import { type Circumstances, Wiring } from './wiring.js';

export function findingsOf(circumstances: Circumstances): Finding[] {
  const wiring = new Wiring(circumstances);
  return inOrder([
    ...findingsOfServices(wiring),
    ...findingsOfTransport(wiring),
    ...findingsOfReturn(wiring),
    ...findingsOfLimits(wiring),
  ]);
}

const ranks = ['error', 'warning', 'advice'];

export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => ranks.indexOf(a.severity) - ranks.indexOf(b.severity));
}
