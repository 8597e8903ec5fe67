// A Postfix as postconf tells it: main.cf with its defaults, the services of master.cf, and what holds for each.

export interface PostfixService {
  /** As postconf names it: `submission/inet`. */
  readonly key: string;
  /** `submission`, `127.0.0.1:10026`, `postseal`. */
  readonly name: string;
  readonly type: string;
  readonly private: boolean;
  readonly chroot: boolean;
  /** As it is written: `-` is default_process_limit, `0` no limit. */
  readonly processes: string;
  /** `smtpd`, `smtp`, `pickup` … */
  readonly command: string;
  /** Its `-o` options, the parameters in them resolved. */
  readonly options: ReadonlyMap<string, string>;
  /** The same as they stand there. */
  readonly written: ReadonlyMap<string, string>;
  /** All of the entry in one line, with single spaces. */
  readonly line: string;
}

/** What postconf printed. */
export interface PostfixTexts {
  /** `postconf -x`: all parameters, those in their values resolved. */
  readonly parameters: string;
  /** `postconf -n`: those that main.cf sets. */
  readonly explicit: string;
  /** `postconf -M` */
  readonly services: string;
  /** `postconf -P` */
  readonly written: string;
  /** `postconf -Px` */
  readonly options: string;
}

export class PostfixSettings {
  readonly services: readonly PostfixService[];
  /** Those with more than one entry: the last is in force, and the options that postconf tells are of all. */
  readonly doubled: readonly PostfixService[];
  private readonly parameters: ReadonlyMap<string, string>;
  private readonly explicit: ReadonlyMap<string, string>;

  constructor({ parameters, explicit, services, written, options }: PostfixTexts) {
    this.parameters = parseParameters(parameters);
    this.explicit = parseParameters(explicit);
    const entries = parseServices(services, parseOptions(written), parseOptions(options));
    const last = new Map(entries.map(entry => [entry.key, entry]));
    this.services = [...last.values()];
    this.doubled = this.services.filter(({ key }) => entries.filter(entry => entry.key === key).length > 1);
  }

  /** What main.cf says, or else the default; empty where there is no such parameter. */
  main(name: string): string {
    return this.parameters.get(name) ?? this.explicit.get(name) ?? '';
  }

  /** As main.cf writes it; undefined where it does not. */
  written(name: string): string | undefined {
    return this.explicit.get(name);
  }

  /** What holds for a service: its own option before main.cf. */
  of(service: PostfixService, name: string): string {
    return service.options.get(name) ?? this.main(name);
  }

  service(key: string): PostfixService | undefined {
    return this.services.find(s => s.key === key);
  }

  /** How many processes a service may have. */
  processes({ processes }: PostfixService): number {
    const limit = Number(processes === '-' ? this.main('default_process_limit') : processes);
    return limit === 0 ? Infinity : limit;
  }

  /** How many deliveries a transport does at a time, all to one place: Postseal is one. */
  deliveries(transport: PostfixService): number {
    return Math.min(
      this.processes(transport),
      this.limit(`${transport.name}_destination_concurrency_limit`, 'default_destination_concurrency_limit'),
    );
  }

  /** How many recipients a transport hands over in one copy. */
  recipients({ name }: PostfixService): number {
    return this.limit(`${name}_destination_recipient_limit`, 'default_destination_recipient_limit');
  }

  /** postconf knows the parameters of a transport by name only where main.cf sets them. */
  private limit(name: string, fallback: string): number {
    const limit = Number(this.main(name) || this.main(fallback));
    return limit === 0 ? Infinity : limit;
  }
}

/** `name = value` a line. */
function parseParameters(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^(\S+) =[ \t]*(.*)$/gm)].map(([, name, value]) => [name!, value!.trim()]),
  );
}

/** `submission/inet/smtpd_milters = value` a line → by service. */
function parseOptions(text: string): Map<string, Map<string, string>> {
  const all = new Map<string, Map<string, string>>();
  // A name may be 127.0.0.1:10026; a type and a parameter are words.
  for (const [, key, name, value] of text.matchAll(/^(\S+\/[a-z-]+)\/(\w+) =[ \t]*(.*)$/gm)) {
    const own = all.get(key!) ?? new Map<string, string>();
    all.set(key!, own.set(name!, value!.trim()));
  }
  return all;
}

type Options = ReadonlyMap<string, ReadonlyMap<string, string>>;

function parseServices(services: string, written: Options, resolved: Options): PostfixService[] {
  return services
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(columns => columns.length >= 8)
    .map(columns => {
      const [name, type, isPrivate, , chroot, , processes, command] = columns;
      const key = `${name!}/${type!}`;
      return {
        key,
        name: name!,
        type: type!,
        private: isPrivate !== 'n',
        chroot: chroot === 'y',
        processes: processes!,
        command: command!,
        options: resolved.get(key) ?? new Map<string, string>(),
        written: written.get(key) ?? new Map<string, string>(),
        line: columns.join(' '),
      };
    });
}

/** `name = value`, or that it is empty. */
export function told(name: string, value: string): string {
  return value === '' ? `${name} is empty` : `${name} = ${value}`;
}

/** The words of a list: Postfix takes commas and spaces alike. */
export function listed(value: string): string[] {
  return value.split(/[\s,]+/).filter(word => word !== '');
}
