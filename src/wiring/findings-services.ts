// What is wrong with the services that hand mail in: who is filtered, who must not be, and what they do to it.
import { setOption, type Edit } from './edit.js';
import { finding, type Finding } from './finding.js';
import { miltersAfter, noMiltersForPickup, onlyLook, signsDkim } from './milters.js';
import { listed, type PostfixService } from './settings.js';
import { restrictions, type Wiring } from './wiring.js';

export function findingsOfServices(wiring: Wiring): Finding[] {
  return [
    ...doubled(wiring),
    ...nobodyHandsOver(wiring),
    ...publicPortFiltered(wiring),
    ...unfiltered(wiring),
    ...miltersBefore(wiring),
    ...miltersOfPickup(wiring),
    ...senderNotChecked(wiring),
  ];
}

function doubled({ settings, transports }: Wiring): Finding[] {
  const text =
    'has more than one entry in master.cf: Postfix takes the last, and what is told here may be of another; take the others out';
  return settings.doubled
    .filter(service => ['smtpd', 'pickup'].includes(service.command) || transports.includes(service))
    .map(service => finding('error', service, text));
}

function filterEdits(wiring: Wiring, services: readonly PostfixService[]): Edit[] {
  return services.map(service => setOption(service, 'content_filter', wiring.rightDestination(service)));
}

function nobodyHandsOver(wiring: Wiring): Finding[] {
  const { waysIn, handIns, settings } = wiring;
  if (waysIn.length > 0) return [];
  const others = handIns.filter(service => settings.of(service, 'content_filter') !== '');
  const elsewhere = others.map(s => ` (${s.key} has ${settings.of(s, 'content_filter')})`).join('');
  const text = `no service hands mail to Postseal: content_filter is missing${elsewhere}. All that is needed: postseal wire --apply`;
  return [finding('error', 'master.cf', text, filterEdits(wiring, handIns))];
}

/** Whoever may connect to port 25 writes any sender: it would get a signature. */
function publicPortFiltered(wiring: Wiring): Finding[] {
  const { waysIn, publicServices } = wiring;
  return waysIn
    .filter(({ service }) => publicServices.includes(service))
    .map(handover => {
      const { service, by, destination } = handover;
      const text = 'mail from the Internet goes to Postseal: whoever writes the address of a sender of yours';
      const signed = `${text} gets it signed`;
      if (by === 'option') {
        return finding('error', service, `${signed} (content_filter=${destination.text})`, [
          { kind: 'option', service: service.key, name: 'content_filter', value: undefined },
        ]);
      }
      if (by === 'main') {
        const own = `${signed}: content_filter is in main.cf, where it holds for every service`;
        return finding('error', service, own, takenOutOfMain(wiring));
      }
      const where = `FILTER ${destination.text} in ${by.table}, which this service looks into too`;
      return finding(
        'error',
        service,
        `${signed}: ${where}. Name the table in the options of the submission services`,
      );
    });
}

/** Out of main.cf, into those services that it is for. */
function takenOutOfMain(wiring: Wiring): Edit[] {
  const without = wiring.handIns.filter(service => !service.options.has('content_filter'));
  return [...filterEdits(wiring, without), { kind: 'main', name: 'content_filter', value: undefined }];
}

function unfiltered(wiring: Wiring): Finding[] {
  const { waysIn, handIns, settings } = wiring;
  if (waysIn.length === 0) return [];
  return handIns
    .filter(service => !waysIn.some(handover => handover.service === service))
    .map(service => {
      const other = settings.of(service, 'content_filter');
      const pickup = service.command === 'pickup';
      const mail = pickup ? 'mail of the sendmail command' : 'mail that is handed in here';
      const why = other === '' ? '' : `: it goes to ${other}`;
      const unless = pickup ? ', which is right where local users are not trusted' : '';
      const mend = other === '' ? filterEdits(wiring, [service]) : [];
      return finding(pickup ? 'advice' : 'warning', service, `${mail} is not signed${why}${unless}`, mend);
    });
}

/** Signing changes the body: a DKIM signature that was made before it holds no more. */
function miltersBefore(wiring: Wiring): Finding[] {
  const { submissions, settings } = wiring;
  return submissions.flatMap(service => {
    const milters = settings.of(service, 'smtpd_milters');
    const off = listed(settings.of(service, 'receive_override_options')).includes('no_milters');
    if (off || onlyLook(milters)) return [];
    const signs = signsDkim(milters);
    const what = signs
      ? 'signs with DKIM before Postseal changes the body: that signature will not hold'
      : 'sees the mail before Postseal; if it signs with DKIM, or changes the message, it belongs on the return port';
    const mend = [setOption(service, 'smtpd_milters', ''), ...miltersAfter(milters, wiring)];
    return [finding(signs ? 'error' : 'warning', service, `smtpd_milters = ${milters}: ${what}`, mend)];
  });
}

function miltersOfPickup(wiring: Wiring): Finding[] {
  const { waysIn, settings } = wiring;
  const milters = settings.main('non_smtpd_milters');
  if (onlyLook(milters) || !waysIn.some(h => h.service.command === 'pickup')) return [];
  const severity = signsDkim(milters) ? 'error' : 'warning';
  const text = `non_smtpd_milters = ${milters}: mail of the sendmail command passes them before Postseal, and a DKIM signature made there will not hold`;
  return [finding(severity, 'main.cf', text, noMiltersForPickup(wiring))];
}

const loginChecks = ['reject_sender_login_mismatch', 'reject_authenticated_sender_login_mismatch'];

function senderNotChecked({ submissions, settings, signsForPersons }: Wiring): Finding[] {
  if (!signsForPersons) return [];
  return submissions.flatMap(service => {
    const maps = settings.of(service, 'smtpd_sender_login_maps') !== '';
    if (maps && loginChecks.some(check => restrictions(service, settings).includes(check))) return [];
    const text =
      'whoever is logged in may send as anybody, and a rule signs with certificates of persons: say in smtpd_sender_login_maps who owns which address, and check it';
    const own = settings.of(service, 'smtpd_sender_restrictions');
    const check = own === '' ? loginChecks[0]! : `${loginChecks[0]!},${own}`;
    // Without the table of who owns what there is nothing to compare with; what is in braces is no list with commas.
    const mend = maps && !own.includes('{') ? [setOption(service, 'smtpd_sender_restrictions', check)] : [];
    return [finding('advice', service, text, mend)];
  });
}
