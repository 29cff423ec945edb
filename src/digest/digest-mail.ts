// A digest as a message of the node: with the null sender, so that it causes no bounce and no loop, and marked as generated (RFC 3834 section 5).

import { formatDate } from '../message/date.ts'
import { writeField } from '../message/field.ts'
import { type Digest } from './gather-digest.ts'
import { digestLines, digestSummary } from './digest-text.ts'

const CRLF = '\r\n'

export interface DigestMail {
  readonly header: Buffer
  readonly body: Buffer
}

/** `at` is unix milliseconds. */
export function digestMail(
  digest: Digest,
  {
    from,
    to,
    messageId,
    at,
  }: { readonly from: string; readonly to: string; readonly messageId: string; readonly at: number },
): DigestMail {
  const header = Buffer.concat([
    writeField('Date', formatDate(at)),
    writeField('From', `<${from}>`),
    writeField('To', `<${to}>`),
    writeField('Subject', `Mail digest of ${digestSummary(digest)}`),
    writeField('Message-ID', messageId),
    writeField('Auto-Submitted', 'auto-generated'),
    writeField('MIME-Version', '1.0'),
    writeField('Content-Type', 'text/plain; charset=us-ascii'),
    Buffer.from(CRLF),
  ])
  return { header, body: Buffer.from([...digestLines(digest), ''].join(CRLF)) }
}

/** The same for every try of one digest: the ledger shows whether it was queued. */
export function digestMessageId(node: string, due: number): string {
  return `<digest.${Math.floor(due / 1000)}@${node}>`
}
