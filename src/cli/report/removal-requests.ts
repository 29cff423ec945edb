// What the providers and lists ask for before they end a block, by the reply rule that recognizes their refusal. The rules have the
// contacts (src/delivery/default-replies.yaml). docs/reference/blocked-providers.md is made of both.

export interface RemovalRequest {
  /** The name in `waypost report blocked NAME`. */
  readonly name: string
  readonly title: string
  /** What a refusal looks like; 192.0.2.1 is the blocked address. */
  readonly sample: string
  /** What the provider wants to know or to see, beside the request itself; sentences. */
  readonly needs: string
  /** The day on which the contact and the needs were compared with pages about the provider; null if they were not. */
  readonly checked: string | null
}

const DAY = '2026-11-30'

/** By the name of the rule. */
export const removalRequests: Readonly<Record<string, RemovalRequest>> = {
  'microsoft-consumer-blocked': {
    name: 'microsoft',
    title: 'Microsoft: Outlook.com, Hotmail, Live, MSN',
    sample:
      "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
    needs:
      'The form asks for a contact address, the domain of the recipients, the addresses of your servers, and the complete reply. An automatic answer comes first; if it says that nothing was found, reply to it with the complete reply. A listing at Spamhaus must end first.',
    checked: DAY,
  },
  'microsoft-blocked': {
    name: 'microsoft-365',
    title: 'Microsoft 365 (mail of organisations)',
    sample:
      '550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/',
    needs: 'The portal asks for your mail address and the blocked address, and sends a message with a link to confirm.',
    checked: DAY,
  },
  'google-reputation': {
    name: 'google',
    title: 'Google: Gmail and Google Workspace',
    sample:
      '550-5.7.1 [192.0.2.1] Gmail has detected that this message is likely suspicious due to the very low reputation of the sending IP address.',
    needs:
      'Google ends blocks by its own measure, within days after the cause has ended. The form is for senders that obey the guidelines: SPF or DKIM, DMARC, PTR, TLS, few complaints (postmaster.google.com shows them). It asks for the domain, the addresses and a complete header of a message.',
    checked: null,
  },
  'yahoo-blocked': {
    name: 'yahoo',
    title: 'Yahoo and AOL',
    sample: '553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in a list',
    needs: 'The code in brackets names the list. End a listing at Spamhaus first.',
    checked: null,
  },
  'apple-policy': {
    name: 'apple',
    title: 'Apple: iCloud',
    sample: '550 5.7.1 [CS01] Message rejected due to local policy.',
    needs: 'Write to icloudadmin@apple.com with the complete reply, the address, and the domain of the sender.',
    checked: null,
  },
  'gmx-blocked': {
    name: 'gmx',
    title: 'GMX, WEB.DE, mail.com, IONOS',
    sample: '554-gmx.net Nemesis ESMTP Service not available 554-No SMTP service 554 IP address is block listed.',
    needs: 'The form asks for the address, the reply with the page that it names, and what has changed.',
    checked: null,
  },
  'telekom-blocked': {
    name: 't-online',
    title: 'Deutsche Telekom: T-Online, Magenta',
    sample:
      '554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)',
    needs:
      'An unknown or long unused address is refused from the start (NOWL). The name of the server must lead to its operator: a web page at that name, or at its domain, with an imprint and a telephone number. Write to the address in the reply; the answer comes within hours.',
    checked: DAY,
  },
  'spamhaus-blocked': {
    name: 'spamhaus',
    title: 'Spamhaus: SBL, CSS, XBL, PBL',
    sample: '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
    needs:
      'Look the address up at the contact: each list has its own procedure. CSS and XBL: end the cause, then ask there. PBL: the owner of the network, or you, declare a mail server. SBL: only the provider of your network may ask.',
    checked: DAY,
  },
  'spamcop-blocked': {
    name: 'spamcop',
    title: 'SpamCop',
    sample: '550 5.7.1 [192.0.2.1] is listed on a blocklist at bl.spamcop.net',
    needs: 'Nothing: a listing ends a day after the last report.',
    checked: null,
  },
  'barracuda-blocked': {
    name: 'barracuda',
    title: 'Barracuda',
    sample: '554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation',
    needs: 'The form asks for the address, a mail address, a telephone number, and the reason.',
    checked: null,
  },
  'proofpoint-blocked': {
    name: 'proofpoint',
    title: 'Proofpoint',
    sample: '554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1',
    needs: 'The page shows whether the address is blocked, and takes the request.',
    checked: null,
  },
  'cloudmark-blocked': {
    name: 'cloudmark',
    title: 'Cloudmark',
    sample: '550 5.7.1 Connection refused by policy, see http://csi.cloudmark.com/reset-request/?ip=192.0.2.1',
    needs: 'The form asks for the address, a mail address, and what was done about the cause.',
    checked: null,
  },
  'orange-blocked': {
    name: 'orange',
    title: 'Orange and Wanadoo',
    sample: '550 5.2.0 Mail rejected. OFR_506 [506]',
    needs: 'The page explains each code, and has the form.',
    checked: null,
  },
  'comcast-blocked': {
    name: 'comcast',
    title: 'Comcast',
    sample: '554 resimta comcast 192.0.2.1 Comcast block for spam. Please see BL000001',
    needs: 'The form asks for the address and the code.',
    checked: null,
  },
}
