// Milters: which of them sign, and belong behind Postseal.
import { setList, setMain, type Edit } from './edit.js';
import { listed } from './settings.js';
import type { Wiring } from './wiring.js';

/** Whether one of them signs with DKIM, as far as its address tells: opendkim, dkimpy, rspamd. */
export function signsDkim(milters: string): boolean {
  return /dkim|rspamd|:8891\b|:12301\b|:8892\b|:11332\b/i.test(milters);
}

/** Whether all of them are known to leave the message as it is. */
export function onlyLook(milters: string): boolean {
  return listed(milters).every(milter => /clam|policy|greylist/i.test(milter));
}

/** Has the milters on the return port, where it has none. */
export function miltersAfter(milters: string, { back, miltersBehind, returnsHere }: Wiring): Edit[] {
  return returnsHere && miltersBehind === '' ? setList(back, 'smtpd_milters', milters) : [];
}

/** For mail of the sendmail command, whose milters are those of cleanup(8): main.cf alone has them. */
export function noMiltersForPickup(wiring: Wiring): Edit[] {
  const milters = wiring.settings.main('non_smtpd_milters');
  return [setMain('non_smtpd_milters', ''), ...miltersAfter(milters, wiring)];
}
