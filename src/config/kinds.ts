// The kinds of sections of the ini file, each with its table of options.
import {
  certificate,
  certificates,
  events,
  exception,
  journal,
  metrics,
  rule,
  service,
  signing,
  type Table,
} from './options.js';

export interface Kind {
  /** Whether there are many, told apart by name: [rule:NAME]. */
  readonly named: boolean;
  readonly prose: string;
  readonly options: Table;
}

/** In the order of the example. */
export const kinds: Readonly<Record<string, Kind>> = {
  service: { named: false, prose: 'How mail comes in and goes out.', options: service },
  signing: {
    named: false,
    prose: 'How messages are signed, where a rule says nothing else.',
    options: signing,
  },
  journal: { named: false, prose: 'What is told of it.', options: journal },
  events: { named: false, prose: 'What is told of it to programs.', options: events },
  metrics: { named: false, prose: 'How it is watched.', options: metrics },
  certificate: {
    named: true,
    prose: 'A key with its certificate, under a name for the rules.',
    options: certificate,
  },
  certificates: {
    named: true,
    prose: 'A directory of them: each serves the addresses that its certificate names.',
    options: certificates,
  },
  rule: {
    named: true,
    prose: 'Who signs with what. The first rule that matches the sender wins.',
    options: rule,
  },
  exception: {
    named: true,
    prose: 'Mail that stays unsigned. All the conditions of one section must hold.',
    options: exception,
  },
};

/** `[service]`, `[rule:NAME]`. */
export function headerOf(kind: string): string {
  return kinds[kind]!.named ? `[${kind}:NAME]` : `[${kind}]`;
}
