// The message of a DMARC aggregate report (RFC 9990 3.5.2): its subject, its file name, and the packed XML.

import { createHash } from 'node:crypto'
import { formatDate } from '../../message/date.ts'
import { writePhrase } from '../../message/encoded-words.ts'
import { periodOf } from './aggregate-xml.ts'

export interface ReportMailFacts {
  readonly org: string
  /** The author. */
  readonly from: string
  readonly to: string
  /** The domain that reports. */
  readonly submitter: string
  readonly policyDomain: string
  readonly reportId: string
  /** `2026-11-29`, UTC. */
  readonly day: string
  /** Unix milliseconds. */
  readonly now: number
}

export interface ReportMail {
  readonly header: Buffer
  readonly body: Buffer
}

/** Characters of a line of base64 (RFC 2045 6.8). */
const BASE64_LINE = /.{1,76}/g

/** The same for the same domain, day and node, so that a report that is sent twice is known as one. */
export function reportIdOf(policyDomain: string, day: string, hostname: string): string {
  return `${policyDomain}.${day.replaceAll('-', '')}@${hostname}`
}

export function writeReportMail(facts: ReportMailFacts, packed: Buffer): ReportMail {
  const { org, from, to, submitter, policyDomain, reportId, day, now } = facts
  const { begin, end } = periodOf(day)
  // The ABNF of the file name has letters and digits only.
  const unique = createHash('sha256').update(reportId).digest('hex').slice(0, 12)
  const name = `${submitter}!${policyDomain}!${begin}!${end}!${unique}.xml.gz`
  const boundary = `report-${unique}`
  const header = [
    `From: ${writePhrase(org)} <${from}>`,
    `To: <${to}>`,
    `Subject: Report Domain: ${policyDomain}`,
    ` Submitter: ${submitter}`,
    ` Report-ID: <${reportId}>`,
    `Message-ID: <${unique}.${reportId}>`,
    `Date: ${formatDate(now)}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    '',
  ].join('\r\n')
  const body = [
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is a DMARC aggregate report (RFC 9990) about mail with authors at`,
    `${policyDomain} that ${submitter} received on ${day} (UTC).`,
    '',
    `--${boundary}`,
    `Content-Type: application/gzip; name="${name}"`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment;`,
    ` filename="${name}"`,
    '',
    ...(packed.toString('base64').match(BASE64_LINE) ?? []),
    `--${boundary}--`,
    '',
  ].join('\r\n')
  return { header: Buffer.from(header), body: Buffer.from(body) }
}
