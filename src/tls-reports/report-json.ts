// Results of one day and domain → the JSON of a report (RFC 8460 section 4.4).

import type { ReportedPolicy, TlsResultRow, TlsSessionFailure } from '../state/tls-result-contract.ts'

export interface ReportFrame {
  readonly organization: string
  readonly contact: string
  readonly reportId: string
  /** Of UTC, as `2026-11-28`. */
  readonly day: string
  readonly domain: string
}

/** @param rows of the day and domain; at least one */
export function reportJson(
  { organization, contact, reportId, day, domain }: ReportFrame,
  rows: readonly TlsResultRow[],
): string {
  const byPolicy = Map.groupBy(rows, ({ policy }) => JSON.stringify(policy))
  return JSON.stringify({
    'organization-name': organization,
    'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    'contact-info': contact,
    'report-id': reportId,
    policies: [...byPolicy.values()].map((some) => policyPart((some[0] as TlsResultRow).policy, domain, some)),
  })
}

function policyPart({ type, strings, mxHosts }: ReportedPolicy, domain: string, rows: readonly TlsResultRow[]) {
  const failed = rows.flatMap(({ failure, count }) => (failure ? [{ failure, count }] : []))
  const total = (some: readonly { readonly count: number }[]) => some.reduce((sum, { count }) => sum + count, 0)
  return {
    policy: {
      'policy-type': type,
      ...(strings.length > 0 && { 'policy-string': strings }),
      'policy-domain': domain,
      ...(mxHosts.length > 0 && { 'mx-host': mxHosts }),
    },
    summary: {
      'total-successful-session-count': total(rows.filter(({ failure }) => failure === null)),
      'total-failure-session-count': total(failed),
    },
    ...(failed.length > 0 && { 'failure-details': failed.map(({ failure, count }) => details(failure, count)) }),
  }
}

function details({ type, sendingIp, mxHost, mxHelo = null, mxIp, reason }: TlsSessionFailure, count: number) {
  return {
    'result-type': type,
    ...(sendingIp !== null && { 'sending-mta-ip': sendingIp }),
    'receiving-mx-hostname': mxHost,
    ...(mxHelo !== null && { 'receiving-mx-helo': mxHelo }),
    ...(mxIp !== null && { 'receiving-ip': mxIp }),
    'failed-session-count': count,
    ...(reason !== null && { 'failure-reason-code': reason }),
  }
}
