// Formats a reply: a fast path for short ASCII replies, smtp/reply-text.ts for others. UTF-8 is sent only if the client used SMTPUTF8
// (RFC 6531 3.5).

import type { Refusal, Reply } from '../smtp/reply.ts'
import { formatReply } from '../smtp/reply-text.ts'

/** A reply line has at most 512 octets (RFC 5321 4.5.3.1.5); code, status and CRLF need less than 20. */
const SHORT = 480
const needsCare = /[^\x20-\x7e]/
const beyondAscii = /[\u{80}-\u{10ffff}]/gu

/** The lines of a reply with CRLF. */
export function replyLines(reply: Reply, utf8: boolean): string {
  if (reply.text.length <= SHORT && !needsCare.test(reply.text)) {
    return reply.enhanced === ''
      ? `${reply.code} ${reply.text}\r\n`
      : `${reply.code} ${reply.enhanced} ${reply.text}\r\n`
  }
  return formatReply(utf8 ? reply : { ...reply, text: reply.text.replace(beyondAscii, '?') })
}

/** What stands for the ID in the template. */
const ID = '{id}'

/** Refusals with the link; other replies, such as those to syntax errors, as they are. Null is no link. */
export function withHelpLink(reply: Reply | Refusal, template: string | null, id: string): Reply {
  if (template === null || !('cause' in reply)) return reply
  return { ...reply, text: `${reply.text}; see ${template.replaceAll(ID, id)}` }
}
