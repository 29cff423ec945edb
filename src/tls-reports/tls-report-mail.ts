// A TLS report as a message (RFC 8460 section 5.3). `TLS-Required: No` (RFC 8689) because the report must arrive although TLS fails.

import { formatDate } from '../message/date.ts'
import { writeField } from '../message/field.ts'

export interface ReportMail {
  readonly from: string
  readonly to: string
  /** The policy domain. */
  readonly domain: string
  /** The domain of this organisation. */
  readonly submitter: string
  readonly reportId: string
  /** Unix milliseconds. */
  readonly at: number
  readonly fileName: string
  /** The JSON, packed by gzip. */
  readonly packed: Buffer
}

/** RFC 2045 6.8: characters of a line of base64. */
const LINE = 76
const CRLF = '\r\n'

/** The header section with the empty line that ends it, and the body. */
export function writeReportMail(mail: ReportMail): { readonly header: Buffer; readonly body: Buffer } {
  const { from, to, domain, submitter, reportId, at, fileName, packed } = mail
  const boundary = `=_${reportId.replace(/@.*$/, '')}`
  const header = Buffer.concat([
    writeField('Date', formatDate(at)),
    writeField('From', `<${from}>`),
    writeField('To', `<${to}>`),
    writeField('Subject', `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${reportId}>`),
    writeField('Message-ID', `<${reportId}>`),
    writeField('TLS-Report-Domain', domain),
    writeField('TLS-Report-Submitter', submitter),
    writeField('TLS-Required', 'No'),
    writeField('Auto-Submitted', 'auto-generated'),
    writeField('MIME-Version', '1.0'),
    writeField('Content-Type', `multipart/report; report-type="tlsrpt"; boundary="${boundary}"`),
    Buffer.from(CRLF),
  ])
  const text = `This is a TLS report (RFC 8460) of ${submitter} about mail to ${domain}.`
  const lines = packed.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  const body = [
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    text,
    '',
    `--${boundary}`,
    'Content-Type: application/tlsrpt+gzip',
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${fileName}"`,
    '',
    ...lines,
    `--${boundary}--`,
    '',
  ]
  return { header, body: Buffer.from(body.join(CRLF)) }
}
