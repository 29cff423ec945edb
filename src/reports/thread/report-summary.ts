// What the node learns of a report: the domains that it is about, and one line for the ledger.

import type { Report } from '../report-content.ts'
import { rowsOf } from '../store/report-store.ts'
import type { ReportSummary } from './report-messages.ts'

export function summaryOf(report: Report): ReportSummary {
  const rows = rowsOf(report)
  if (report.kind === 'complaint') {
    const { feedbackType, original, userAgent } = report
    const text = `complaint (${feedbackType})${userAgent === null ? '' : ` of ${userAgent}`}`
    return { kind: 'complaint', about: [], rows, text, complaint: { original, feedbackType } }
  }
  const { org, begin } = report
  const about =
    report.kind === 'dmarc' ? [report.policy.domain] : [...new Set(report.policies.map(({ domain }) => domain))]
  const day = new Date(begin).toISOString().slice(0, 10)
  const [name, what] = report.kind === 'dmarc' ? ['DMARC', 'records'] : ['TLS', 'policies and failures']
  return {
    kind: report.kind,
    about,
    rows,
    text: `${name} report of ${org} about ${about.slice(0, 3).join(', ')}, ${day}, ${rows} ${what}`,
    complaint: null,
  }
}
