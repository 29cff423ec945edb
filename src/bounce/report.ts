// Writes a DSN (RFC 6522, RFC 3464; RFC 6533 only if an address is not ASCII and the message came with SMTPUTF8). Pure: facts in, octets
// out. The recipient of the DSN, and what it may contain, is decided before.

import { formatDate } from '../message/date.ts'
import { writeField } from '../message/field.ts'
import { isAscii } from '../smtp/domain.ts'
import { humanText, subjectOf } from './human-text.ts'
import { recipientFields, typedAddress } from './recipient-fields.ts'
import { OPERATOR_MARK } from './decide.ts'
import type { ReportFacts } from './report-facts.ts'

export interface Report {
  /** The header section with the empty line that ends it. */
  readonly header: Buffer
  readonly body: Buffer
  /** The DSN needs SMTPUTF8. */
  readonly smtputf8: boolean
}

export function writeReport(facts: ReportFacts): Report {
  const utf8 = facts.smtputf8 && needsUtf8(facts)
  const parts = [textPart(facts), statusPart(facts, utf8), returnedPart(facts, utf8)]
  const body = Buffer.concat([...parts.flatMap((part) => [delimiter(facts.boundary), part]), closing(facts.boundary)])
    // The header section already ends with the line end of the first delimiter.
    .subarray(2)
  return { header: headerOf(facts, { utf8, eightBit: !isAscii(body.toString('latin1')) }), body, smtputf8: utf8 }
}

/** Depends on addresses only: many programs cannot read the UTF-8 form, and the returned part has its own type. */
function needsUtf8(facts: ReportFacts): boolean {
  const addresses = facts.recipients.flatMap(({ address, original }) => [address, original])
  return !isAscii([facts.to, ...addresses].join(''))
}

function headerOf(facts: ReportFacts, is: { readonly utf8: boolean; readonly eightBit: boolean }): Buffer {
  const subject = headerText(facts.about.subject, is.utf8)
  const messageId = headerText(facts.about.messageId, is.utf8)
  const type = `multipart/report; report-type=${is.utf8 ? 'global-delivery-status' : 'delivery-status'}; boundary="${facts.boundary}"`
  return Buffer.concat([
    writeField('Date', formatDate(facts.at)),
    writeField('From', `${facts.fromName} <${facts.from}>`),
    writeField('To', `<${facts.to}>`),
    writeField('Subject', subjectOf(facts, subject)),
    writeField('Message-ID', facts.messageId),
    ...(messageId === null ? [] : [writeField('In-Reply-To', messageId), writeField('References', messageId)]),
    writeField('Auto-Submitted', facts.operator ? 'auto-generated' : 'auto-replied'),
    ...(facts.operator ? [writeField(OPERATOR_MARK, facts.operator.kind)] : []),
    writeField('MIME-Version', '1.0'),
    writeField('Content-Type', type),
    ...(is.eightBit ? [writeField('Content-Transfer-Encoding', '8bit')] : []),
    Buffer.from('\r\n'),
  ])
}

/** Text beyond ASCII is not allowed in a header without SMTPUTF8 (RFC 6532). */
function headerText(text: string | null, utf8: boolean): string | null {
  return text !== null && (utf8 || isAscii(text)) ? text : null
}

function textPart(facts: ReportFacts): Buffer {
  const text = humanText(facts)
  return part(text, {
    type: 'text/plain; charset=utf-8',
    description: 'Explanation',
    asciiType: 'text/plain; charset=us-ascii',
  })
}

function statusPart(facts: ReportFacts, utf8: boolean): Buffer {
  const perMessage = [
    ...(facts.envid === null ? [] : [writeField('Original-Envelope-Id', facts.envid)]),
    writeField('Reporting-MTA', `dns; ${facts.hostname}`),
    writeField('X-Waypost-Queue-Id', facts.queueId),
    writeField('Arrival-Date', formatDate(facts.arrivedAt)),
    ...(facts.operator
      ? [writeField('X-Waypost-Sender', typedAddress(`rfc822;${facts.operator.sender ?? '<>'}`, utf8))]
      : []),
  ]
  const perRecipient = facts.recipients.map((recipient) =>
    Buffer.concat([Buffer.from('\r\n'), recipientFields(recipient, { utf8, delayed: recipient.action === 'delayed' })]),
  )
  const type = utf8 ? 'message/global-delivery-status' : 'message/delivery-status'
  return part(Buffer.concat([...perMessage, ...perRecipient]), { type, description: 'Delivery report' })
}

function returnedPart(facts: ReportFacts, utf8: boolean): Buffer {
  const { header, body } = facts.returned
  const global = utf8 || (facts.smtputf8 && !isAscii(header.toString('latin1')))
  if (body === null) {
    const type = global ? 'message/global-headers' : 'text/rfc822-headers'
    return part(header, { type, description: 'Header of the message' })
  }
  return part(Buffer.concat([header, body]), {
    type: global ? 'message/global' : 'message/rfc822',
    description: 'The message',
  })
}

function part(
  content: Buffer,
  is: { readonly type: string; readonly description: string; readonly asciiType?: string },
): Buffer {
  const ascii = isAscii(content.toString('latin1'))
  const type = ascii ? (is.asciiType ?? is.type) : is.type
  return Buffer.concat([
    writeField('Content-Type', type),
    writeField('Content-Description', is.description),
    ...(ascii ? [] : [writeField('Content-Transfer-Encoding', '8bit')]),
    Buffer.from('\r\n'),
    content,
  ])
}

function delimiter(boundary: string): Buffer {
  return Buffer.from(`\r\n--${boundary}\r\n`)
}

function closing(boundary: string): Buffer {
  return Buffer.from(`\r\n--${boundary}--\r\n`)
}
