// waypost report complaints: complaints about mail of ours, by provider, type and origin. Exit code 1 without complaints.

import { type ComplaintSum, openReportReader } from '../../reports/store/report-access.ts'
import { reportsPath } from '../../wiring/node-paths.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { withStateFile } from '../place/with-state-file.ts'
import { countOf, filterOf, type ReportOptions } from './report-options.ts'

export function reportComplaints(options: ReportOptions, io: Io): Promise<number> | number {
  return withStateFile(options, { io, pathOf: reportsPath }, (path) => {
    const reader = openReportReader(path)
    try {
      const filter = filterOf(options)
      const all = reader?.complaints({ ...filter, unproven: true }) ?? []
      const shown = all.filter(({ isProven }) => filter.unproven || isProven)
      const sum = (some: readonly ComplaintSum[]) => some.reduce((total, { complaints }) => total + complaints, 0)
      const leftOut = sum(all) - sum(shown)
      if (options.json) json(io.stdout, { complaints: shown, leftOut })
      else {
        line(io.stdout, `${countOf(sum(shown), 'complaint')} in the last ${countOf(options.days, 'day')}`)
        if (leftOut > 0)
          line(io.stdout, `${countOf(leftOut, 'complaint')} without proof left out; see them with --unproven`)
        for (const one of shown) for (const text of linesOf(one)) line(io.stdout, text)
      }
      return shown.length > 0 ? OK : FAILED
    } finally {
      reader?.close()
    }
  })
}

function* linesOf({ provider, isProven, feedbackType, account, authorDomain, complaints, latest }: ComplaintSum) {
  const about = authorDomain === null ? '' : ` about mail of ${authorDomain}`
  const by = account === null ? '' : `, sent by ${account}`
  yield `${String(complaints).padStart(6)}  ${feedbackType} of ${provider}${isProven ? '' : ' (unproven)'}${about}${by}`
  if (latest.original !== null) {
    yield `        the newest: waypost trace ${latest.original}`
    return
  }
  const [hop] = latest.hops
  if (hop) yield `        the newest: waypost trace ${hop.queueId}, at ${hop.host}; this ledger does not have it`
  else if (latest.messageId !== null)
    yield `        the newest: Message-ID ${latest.messageId}, which this ledger does not have`
}
