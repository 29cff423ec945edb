// What each record is for, and what breaks without it.

import type { Purpose } from './planned-record.ts'

export type Severity = 'error' | 'warning'

interface PurposeFacts {
  /** Of a record that is missing or wrong. `error`: mail is lost, refused or delayed. */
  readonly severity: Severity
  /** What does not work then. */
  readonly breaks: string
  /** The same of a record that is missing, where that does less harm than a wrong one. */
  readonly missing?: { readonly severity: Severity; readonly breaks: string }
  /** The beginning of a TXT record with this purpose, where other TXT records can have the same name. */
  readonly mark?: string
  /** Other records of this name and type do no harm and are not ours. */
  readonly shared?: true
}

export const purposes: Readonly<Record<Purpose, PurposeFacts>> = {
  address: { severity: 'error', breaks: 'others cannot connect to the host, and its HELO name is not confirmed' },
  reverse: {
    severity: 'error',
    breaks: 'Gmail refuses mail from this address (550 5.7.25), and many others treat it as spam',
  },
  mx: { severity: 'error', breaks: 'mail for the domain does not arrive at this host' },
  'null-mx': {
    severity: 'warning',
    breaks: 'others try to deliver bounces and replies to a host that does not receive mail',
  },
  spf: { severity: 'error', breaks: 'SPF fails, so receivers treat mail of the domain as forged', mark: 'v=spf1' },
  'helo-spf': {
    severity: 'warning',
    breaks: 'bounces of this host have no SPF result, because their sender is the host name',
    mark: 'v=spf1',
  },
  dkim: { severity: 'error', breaks: 'signatures with this key fail', mark: '' },
  dmarc: {
    severity: 'warning',
    breaks: 'anyone can write the domain in From:, and no reports arrive',
    mark: 'v=DMARC1',
  },
  'report-consent': { severity: 'warning', breaks: 'DMARC reports do not arrive', mark: 'v=DMARC1' },
  tlsa: {
    severity: 'error',
    breaks: 'senders with DANE do not deliver to this host, if the zone is signed',
    missing: { severity: 'warning', breaks: 'DANE does not protect mail to this host' },
  },
  caa: {
    severity: 'warning',
    breaks: 'any certificate authority may issue certificates for the domain, or ours may not',
    shared: true,
  },
  'mta-sts': { severity: 'warning', breaks: 'senders do not find the MTA-STS policy or its change', mark: 'v=STSv1' },
  'tls-reports': { severity: 'warning', breaks: 'no reports about failures of TLS arrive', mark: 'v=TLSRPTv1' },
  service: { severity: 'warning', breaks: 'mail programs do not find the settings by themselves' },
}
