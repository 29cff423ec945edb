// From a Reply to the octets on the wire: a fast way for the short ASCII replies that nearly all are, smtp/reply-text.ts for the rest.
// UTF-8 goes out only where the client asked for SMTPUTF8 (RFC 6531 3.5).

import type { Reply } from '../smtp/reply.ts'
import { formatReply } from '../smtp/reply-text.ts'

/** RFC 5321 4.5.3.1.5 has 512 octets for the whole line; code, status and CRLF take less than 20. */
const SHORT = 480
const needsCare = /[^\x20-\x7e]/
const beyondAscii = /[\u{80}-\u{10ffff}]/gu

/** The lines of a reply, CRLF included. */
export function replyLines(reply: Reply, utf8: boolean): string {
  if (reply.text.length <= SHORT && !needsCare.test(reply.text)) {
    return reply.enhanced === ''
      ? `${reply.code} ${reply.text}\r\n`
      : `${reply.code} ${reply.enhanced} ${reply.text}\r\n`
  }
  return formatReply(utf8 ? reply : { ...reply, text: reply.text.replace(beyondAscii, '?') })
}
