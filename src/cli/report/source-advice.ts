// What an operator can do about a source in DMARC reports.

import type { SourceMarks, SourceSum } from '../../reports/store/report-access.ts'

/** A part below it is usual: signatures break on the way. */
const USUAL_PART = 0.02

/** One sentence; null if nothing is wrong. */
export function sourceAdvice(sum: SourceSum, marks: SourceMarks, isOurs: boolean): string | null {
  const { messages, pass, dkim, spf, domain } = sum
  const fails = (good: number) => messages - good > messages * USUAL_PART
  if (isOurs) {
    if (fails(dkim) && fails(spf))
      return `a node of ours without an aligned result: add its address to SPF of ${domain}, and see \`waypost dkim check\``
    if (fails(dkim)) return `a node of ours whose DKIM fails, so that forwarded copies fail: see \`waypost dkim check\``
    return fails(spf) && fails(pass) ? `add the address to SPF of ${domain}` : null
  }
  if (!fails(pass)) return null
  if (
    marks.reasons.some(
      (reason) => reason === 'forwarded' || reason === 'mailing_list' || reason === 'trusted_forwarder',
    )
  )
    return 'receivers see a forward or a mailing list: nothing to repair if the numbers are small'
  const foreign = [...new Set([...marks.signers.map((one) => one.split('/')[0]), ...marks.senders])]
  if (foreign.length > 0)
    return `sends as ${foreign.join(', ')}: if it is a service of ours, let it sign with ${domain} or send through the mta nodes; else it is a forward or a forgery`
  return `nothing passes: a forgery, or a machine of ours that does not use the mta nodes; p=reject stops it`
}
