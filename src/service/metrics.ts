// The metrics that Prometheus reads: counted as the journal hears of messages, or taken from the status when asked.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { MessageEntry, MessageListener } from '../entry.js';
import { fatesOf } from '../events/event.js';
import type { Status } from './snapshot.js';
import type { Answer } from './http.js';

/** Seconds. */
const short = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const long = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The label of mail that no rule decided about; no rule can have this name. */
const noRule = '(none)';

/** Labels are rules, certificates, outcomes and the like: what an ini file names, never what a message does. */
export class Metrics implements MessageListener {
  private readonly registry = new Registry();
  private readonly messages = this.counter(
    'postseal_messages_total',
    'Messages by rule, outcome (as in the event log) and reply code; one whose recipients were treated differently counts for each group of them.',
    ['rule', 'outcome', 'code'],
  );
  private readonly recipients = this.counter('postseal_recipients_total', 'Recipients by outcome.', [
    'outcome',
  ]);
  private readonly bytes = this.counter('postseal_received_bytes_total', 'Octets of the messages received.');
  private readonly hop = this.histogram(
    'postseal_hop_seconds',
    'From the beginning of a message to the reply to it.',
    long,
  );
  private readonly signing = this.histogram(
    'postseal_signing_seconds',
    'From asking for a signature to having it, by the kind of key.',
    short,
    ['algorithm'],
  );
  private readonly handOn = this.histogram(
    'postseal_return_port_reply_seconds',
    'From the end of a copy to the reply of the return port.',
    long,
  );
  private readonly gauges = this.makeGauges();
  private readonly eventsLost = this.counter('postseal_events_lost_total', 'Events that were lost.', [
    'sink',
  ]);
  private observed = false;
  private readonly reloads = this.counter('postseal_reloads_total', 'Reloads by result: ok or failed.', [
    'result',
  ]);

  message(_id: string, entry: MessageEntry): void {
    for (const { outcome, recipients, reply, decision } of fatesOf(entry)) {
      this.messages.inc({ rule: decision?.rule ?? noRule, outcome, code: reply.code });
      this.recipients.inc({ outcome }, recipients.length);
    }
    // Refused before it was sent: nothing was under way.
    if (entry.size === 0) return;
    this.bytes.inc(entry.size);
    this.hop.observe(entry.milliseconds / 1000);
  }

  signature(algorithm: string, milliseconds: number): void {
    this.signing.observe({ algorithm }, milliseconds / 1000);
  }

  handedOn(milliseconds: number): void {
    this.handOn.observe(milliseconds / 1000);
  }

  /** All metrics in the text format, those of the status as they are there. */
  async answer(status: Status): Promise<Answer> {
    // That watches the event loop, a hundred times a second: not before anybody wants to know.
    if (!this.observed) collectDefaultMetrics({ register: this.registry });
    this.observed = true;
    this.take(status);
    return { status: 200, type: this.registry.contentType, body: await this.registry.metrics() };
  }

  private take({ returnPort, certificates, events, reloads, lastReload, ...status }: Status): void {
    const { gauges } = this;
    gauges.inFlight.set(status.inFlight);
    gauges.connections.set(status.connections);
    gauges.up.set(Number(returnPort.up));
    gauges.lastSuccess.set(seconds(returnPort.lastSuccess));
    gauges.lastFailure.set(seconds(returnPort.lastFailure));
    for (const state of ['idle', 'busy'] as const)
      gauges.returnConnections.set({ state }, returnPort.connections[state]);
    // Those of another installation are gone.
    gauges.notAfter.reset();
    for (const { name, notAfter } of certificates)
      gauges.notAfter.set({ certificate: name }, seconds(notAfter));
    gauges.unusable.set(status.certificatesUnusable);
    gauges.unable.set(status.rulesUnableToSign.length);
    for (const metric of [gauges.eventsWaiting, this.eventsLost]) metric.reset();
    for (const sink of ['file', 'webhook'] as const) {
      gauges.eventsWaiting.set({ sink }, events[sink]?.waiting ?? 0);
      this.eventsLost.inc({ sink }, events[sink]?.lost ?? 0);
    }
    this.reloads.reset();
    for (const result of ['ok', 'failed'] as const) this.reloads.inc({ result }, reloads[result]);
    gauges.lastReload.set(seconds(lastReload?.at));
    gauges.reloadOk.set(Number(lastReload?.ok ?? true));
    gauges.debug.set(Number(status.debug.permanent !== undefined || status.debug.switched !== undefined));
    gauges.build.set({ version: status.version, node: process.version }, 1);
  }

  private makeGauges() {
    return {
      inFlight: this.gauge('postseal_messages_in_flight', 'Messages that have no reply yet.'),
      connections: this.gauge('postseal_connections', 'Open connections of Postfix.'),
      up: this.gauge('postseal_return_port_up', '1 where the return port did what it should when last seen.'),
      lastSuccess: this.gauge(
        'postseal_return_port_last_success_timestamp_seconds',
        'When the return port last did what it should; 0 for never.',
      ),
      lastFailure: this.gauge(
        'postseal_return_port_last_failure_timestamp_seconds',
        'When it last did not; 0 for never.',
      ),
      returnConnections: this.gauge(
        'postseal_return_port_connections',
        'Connections to the return port: busy ones, and idle ones that are kept.',
        ['state'],
      ),
      notAfter: this.gauge(
        'postseal_certificate_not_after_timestamp_seconds',
        'When a certificate expires or has expired.',
        ['certificate'],
      ),
      unusable: this.gauge(
        'postseal_certificates_unusable',
        'Certificates of the ini file that cannot be used.',
      ),
      unable: this.gauge(
        'postseal_rules_unable_to_sign',
        'Rules that are to sign and have no valid certificate.',
      ),
      eventsWaiting: this.gauge('postseal_events_waiting', 'Events that are not delivered yet.', ['sink']),
      lastReload: this.gauge(
        'postseal_last_reload_timestamp_seconds',
        'When the configuration was last read again; 0 for never.',
      ),
      reloadOk: this.gauge('postseal_last_reload_successful', '0 where the last reload did not come about.'),
      debug: this.gauge('postseal_debug_journal', '1 while the debug journal is on.'),
      build: this.gauge('postseal_build_info', 'Always 1; the versions are in the labels.', [
        'version',
        'node',
      ]),
    };
  }

  private counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram(name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}

/** 0 for never. */
function seconds(time: string | undefined): number {
  return time === undefined ? 0 : Date.parse(time) / 1000;
}
