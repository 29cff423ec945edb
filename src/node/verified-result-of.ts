// What a check found of a message, as a result for the DMARC reports of this node. Null if no report is about it.

import type { Authentication } from '../filter/authentication.ts'
import type { Mail } from '../policy/check.ts'
import type { VerifiedResult } from '../reports/sending/verified-result.ts'
import { canonicalAddress } from '../lib/ip-address.ts'
import { REPORTS_HOP } from '../smtp/nexthop.ts'

/** Of one message; RFC 9990 3.1.3 allows a hundred. The verifier reads ten. */
const MOST_SIGNATURES = 10

/** @param isRejected the check refuses the message because of its author */
export function verifiedResultOf(
  mail: Pick<Mail, 'resolutions' | 'session' | 'sender' | 'at'>,
  { dmarc, dkim, spf }: Authentication,
  isRejected: boolean,
): VerifiedResult | null {
  const [author, ...others] = dmarc.authors
  const source = canonicalAddress(mail.session?.remoteIp ?? '')
  if (!author || others.length > 0 || source === null || isReport(mail)) return null
  if (author.policyDomain === null || (author.result !== 'pass' && author.result !== 'fail')) return null
  const isPass = author.result === 'pass'
  const enforces = author.policy !== 'none'
  return {
    day: new Date(mail.at).toISOString().slice(0, 10),
    policyDomain: author.policyDomain.toLowerCase(),
    organization: (author.organizationalDomain ?? author.policyDomain).toLowerCase(),
    source,
    headerFrom: author.domain.toLowerCase(),
    envelopeFrom: mail.sender === null ? '' : (spf.domain ?? ''),
    disposition: isPass ? (enforces ? 'pass' : 'none') : isRejected ? 'reject' : 'none',
    dkim: dmarc.dkimAligned,
    spf: dmarc.spfAligned,
    reason: !isPass && enforces && !isRejected ? 'local_policy' : null,
    signatures: dkim
      .filter(({ domain }) => domain !== '')
      .slice(0, MOST_SIGNATURES)
      .map(({ domain, selector, result }) => ({ domain, selector, result })),
    spfResult: spf.result,
  }
}

/** Two nodes that report about each other's reports would never end. */
function isReport({ resolutions }: Pick<Mail, 'resolutions'>): boolean {
  return (
    resolutions.length > 0 &&
    resolutions.every(
      (one) => one.kind === 'destinations' && one.destinations.some(({ nextHop }) => nextHop === REPORTS_HOP),
    )
  )
}
