// Complaints in the Abuse Reporting Format (RFC 5965), and failure reports of DMARC, which are of the same format (RFC 6591).

import { canonicalAddress } from '../../lib/ip-address.ts'
import { isQueueId } from '../../lib/ids.ts'
import { parseDate } from '../../message/date.ts'
import { type Field, fieldsNamed, readFields } from '../../message/header.ts'
import { readMessageId } from '../../message/message-id.ts'
import { readShownAuthors } from '../../message/shown-authors.ts'
import type { Complaint, OriginalMail } from '../report-content.ts'
import { cleanDomain, cleanOrNull, cleanText } from './clean-text.ts'
import { MOST_HOPS } from './reading-limits.ts'
import { Unreadable } from './unreadable.ts'

/** Complaints that one report may stand for. */
const MOST_INCIDENTS = 1_000_000
/** Octets of the section of fields, and of the header section of the original. */
const MOST_SECTION = 256 * 1024
const receivedBy = /(?:^|\s)by\s+([A-Za-z0-9_.-]{1,255})/i
const receivedId = /(?:^|\s)id\s+<?([0-9A-Za-z]{6,40})>?/i

/**
 * @param report the part message/feedback-report
 * @param original the mail that the complaint is about, or its header section; empty if the report has none
 * @throws {Unreadable} with the reason
 */
export function readComplaint(report: Buffer, original: Buffer): Complaint {
  const fields = readFields(report.subarray(0, MOST_SECTION))
  const get = (name: string) => cleanOrNull(fieldsNamed(fields, name)[0]?.value)
  const feedbackType = get('feedback-type')?.toLowerCase()
  if (feedbackType === undefined) throw new Unreadable('the feedback report has no Feedback-Type')
  const arrival = parseDate(get('arrival-date') ?? get('received-date') ?? '')
  const incidents = Number(get('incidents') ?? 1)
  const domain = get('reported-domain')
  return {
    kind: 'complaint',
    feedbackType,
    userAgent: get('user-agent'),
    sourceIp: canonicalAddress(get('source-ip') ?? ''),
    reportedDomain: domain === null ? null : cleanDomain(domain),
    arrivedAt: arrival,
    incidents: Number.isInteger(incidents) && incidents > 0 ? Math.min(incidents, MOST_INCIDENTS) : 1,
    original: originalOf(readFields(headerSection(original))),
  }
}

function headerSection(octets: Buffer): Buffer {
  const ends = ['\r\n\r\n', '\n\n'].map((mark) => octets.indexOf(mark)).filter((at) => at >= 0)
  return octets.subarray(0, Math.min(MOST_SECTION, ...ends.map((at) => at + 2)))
}

function originalOf(fields: readonly Field[]): OriginalMail {
  const hops = fieldsNamed(fields, 'received')
    .slice(0, MOST_HOPS)
    .flatMap(({ value }) => {
      const text = cleanText(value.slice(0, 2000).replace(/\([^()]*\)/g, ' '))
      const [host, queueId] = [receivedBy.exec(text)?.[1], receivedId.exec(text)?.[1]]
      return host !== undefined && queueId !== undefined && isQueueId(queueId)
        ? [{ host: host.toLowerCase(), queueId }]
        : []
    })
  return {
    messageId: cleanOrNull(readMessageId(fields)),
    hops,
    authorDomain: readShownAuthors(fields).domains[0] ?? null,
  }
}
