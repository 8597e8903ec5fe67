// Mobile carriers whose handsets show signed mail as an attachment that cannot be read: mail gateways for phones
// without S/MIME. The list is what relays that sign for Japanese senders ship as their exceptions by destination.
import { parsePattern } from './pattern.js';

const domains = [
  ...['docomo.ne.jp', 'ezweb.ne.jp', 'au.com', 'softbank.ne.jp', 'i.softbank.jp', 'disney.ne.jp'],
  ...['vodafone.ne.jp', '*.vodafone.ne.jp'], // d. h. t. c. k. r. n. s. q.: one for each region
  ...['ymobile.ne.jp', 'yahoo.ne.jp', 'willcom.com', 'pdx.ne.jp', 'emnet.ne.jp'],
  ...['uqmobile.jp', 'rakumail.jp'],
];

/** Over recipients. */
export const mobileCarriers = domains.map(domain => parsePattern(`*@${domain}`));
