// What `postseal wire` changes: all that this ini file needs of this Postfix and is not there, and how to take it back.
import { isSameEndpoint } from '../config/endpoint.js';
import { argumentsFor, placeOf, presentFor, setList, setMain, setOption, type Edit } from './edit.js';
import { roomEdits } from './findings-limits.js';
import { noMiltersForPickup, onlyLook } from './milters.js';
import type { PostfixService, PostfixSettings } from './settings.js';
import {
  entryOf,
  lacking,
  mainParameters,
  returnPort,
  satisfies,
  transports,
  type WantedService,
} from './wanted.js';
import { restrictions, type Circumstances, type Handover, Wiring } from './wiring.js';

/** Those whose mail is to be signed where nobody says which, and those whose mail goes to Postseal already. */
export function usualServices(circumstances: Circumstances): PostfixService[] {
  const { settings, submissions } = new Wiring(circumstances);
  return settings.services.filter(
    service =>
      service.command === 'pickup' ||
      submissions.includes(service) ||
      (service.command === 'smtpd' && /^(?:.*:)?(?:submissions?|smtps|587|465)$/.test(service.name)),
  );
}

/**
 * The edits that are left to do; none where all is there.
 * @param earlier those of earlier runs
 */
export function missingEdits(
  circumstances: Circumstances,
  services: readonly PostfixService[],
  earlier: readonly Change[] = [],
): Edit[] {
  const { settings, section, returnsHere } = circumstances;
  const wiring = new Wiring(circumstances);
  const back = returnsHere ? [serviceAsItIs(returnPort(section.return), wiring)] : [];
  return [
    ...mainParameters(section)
      .filter(wanted => !satisfies(wanted, settings.written(wanted.name) ?? ''))
      .map(({ name, value }) => setMain(name, value)),
    ...[...transports(section), ...back].flatMap(wanted => serviceEdits(wanted, settings)),
    ...services.flatMap(service => handInEdits(service, wiring)),
    ...roomEdits(services, wiring),
    ...withoutFormer(wiring, earlier),
  ];
}

/** A return port that an earlier run made, and that the ini file does not name any more. */
function withoutFormer(wiring: Wiring, earlier: readonly Change[]): Edit[] {
  const { settings, section, waysIn, formerReturnPorts } = wiring;
  // It may be that of another Postseal.
  if (waysIn.some(({ destination: { endpoint } }) => !endpoint || !isSameEndpoint(section.listen, endpoint)))
    return [];
  // Whoever signs there with DKIM has to move first.
  const keys = formerReturnPorts.filter(s => !s.options.has('smtpd_milters')).map(({ key }) => key);
  return earlier
    .filter(({ before, after }) => after.kind === 'service' && before.value === undefined)
    .filter(({ after }) => keys.includes(placeOf(after)) && same(after, presentFor(after, settings)))
    .map(({ before }) => before);
}

/** Under the name that the administrator gave it: `localhost:10026`. */
function serviceAsItIs(wanted: WantedService, { returnPort: present }: Wiring): WantedService {
  return present ? { ...wanted, key: present.key } : wanted;
}

/** Whatever else is among the options stays. */
function serviceEdits(wanted: WantedService, settings: PostfixSettings): Edit[] {
  const present = settings.service(wanted.key);
  if (present?.command !== wanted.command)
    return [{ kind: 'service', service: wanted.key, value: entryOf(wanted) }];
  return lacking(present, wanted.options, settings).map(({ option }) =>
    setOption(present, option.name, option.value),
  );
}

/** Options of the administrator stay, but for content_filter. */
function handInEdits(service: PostfixService, wiring: Wiring): Edit[] {
  const { settings } = wiring;
  const filter = wiring.rightDestination(service);
  // Whoever has some of its mail filtered by a table does not want all of it filtered.
  const selective = wiring.handovers.some(h => h.service === service && typeof h.by !== 'string');
  const filtered = selective || service.options.get('content_filter') === filter;
  return [
    ...(filtered ? [] : [setOption(service, 'content_filter', filter)]),
    ...(service.command === 'pickup' ? pickupEdits(wiring) : submissionEdits(service, settings)),
  ];
}

function pickupEdits(wiring: Wiring): Edit[] {
  return onlyLook(wiring.settings.main('non_smtpd_milters')) ? [] : noMiltersForPickup(wiring);
}

function submissionEdits(service: PostfixService, settings: PostfixSettings): Edit[] {
  const edits: Edit[] = [];
  const free = (name: string): boolean => !service.options.has(name);
  if (free('smtpd_milters') && !onlyLook(settings.of(service, 'smtpd_milters')))
    edits.push(setOption(service, 'smtpd_milters', ''));
  // Without the table of who owns what there is nothing to compare with.
  const check = 'reject_sender_login_mismatch';
  const usable = settings.of(service, 'smtpd_sender_login_maps') !== '';
  if (usable && free('smtpd_sender_restrictions') && !restrictions(service, settings).includes(check)) {
    const own = settings.main('smtpd_sender_restrictions');
    edits.push(...setList(service, 'smtpd_sender_restrictions', own === '' ? check : `${check},${own}`));
  }
  return edits;
}

/** What was there before an edit, and what it put there. */
export interface Change {
  readonly before: Edit;
  readonly after: Edit;
}

/** With the changes of earlier runs that still stand: what was there before the first of them counts. */
export function changesOf(
  edits: readonly Edit[],
  settings: PostfixSettings,
  earlier: readonly Change[],
): Change[] {
  const known = new Map(earlier.map(change => [placeOf(change.after), change]));
  for (const after of edits) {
    const place = placeOf(after);
    const present = presentFor(after, settings);
    const old = known.get(place);
    const before = old && same(old.after, present) ? old.before : present;
    known.set(place, { before, after });
  }
  return [...known.values()].filter(({ before, after }) => !same(before, after));
}

export interface Undoing {
  readonly edits: readonly Edit[];
  /** What has another value now than the one that was put there, or that was there before. */
  readonly changed: readonly { readonly change: Change; readonly present: Edit }[];
}

export function undoing(changes: readonly Change[], settings: PostfixSettings): Undoing {
  const seen = changes.map(change => ({ change, present: presentFor(change.after, settings) }));
  return {
    edits: seen
      .filter(({ change, present }) => same(change.after, present))
      .map(({ change }) => change.before)
      // Who uses a transport goes before the transport does.
      .reverse(),
    changed: seen.filter(
      ({ change, present }) => !same(change.after, present) && !same(change.before, present),
    ),
  };
}

/** Those whose mail goes to a transport that these edits take away, and would after them. */
export function leftBehind(edits: readonly Edit[], handovers: readonly Handover[]): Handover[] {
  const gone = edits.filter(edit => edit.kind === 'service' && edit.value === undefined).map(placeOf);
  const places = edits.map(placeOf);
  return handovers.filter(
    ({ service, by, destination }) =>
      gone.includes(`${destination.transport}/unix`) &&
      !gone.includes(service.key) &&
      !(by === 'option' && places.includes(`${service.key}/content_filter`)),
  );
}

function same(a: Edit, b: Edit): boolean {
  return argumentsFor(a).join('\0') === argumentsFor(b).join('\0');
}
