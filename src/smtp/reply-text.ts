// A reply as text (RFC 5321 4.2, RFC 2034 section 4): lines on the wire, or one line for the ledger and the log. Its text may come from a
// remote server, so control characters become spaces and no line exceeds the limit of the protocol.

import { REPLY_LINE_OCTETS } from './address-limits.ts'
import type { Reply } from './reply.ts'

// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const controls = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

/** The reply on the wire: each line ends with CRLF and carries the enhanced status (RFC 2034 section 4). */
export function formatReply(reply: Reply): string {
  const prefix = reply.enhanced === '' ? '' : `${reply.enhanced} `
  const limit = REPLY_LINE_OCTETS - '250-\r\n'.length - prefix.length
  const lines = reply.text.split('\n').flatMap((line) => cut(cleanText(line), limit))
  return lines.map((line, i) => `${reply.code}${i < lines.length - 1 ? '-' : ' '}${prefix}${line}\r\n`).join('')
}

/** One line for the ledger and the log: code, enhanced status, and the text with its lines joined by spaces. */
export function oneLine(reply: Reply): string {
  const text = cleanText(reply.text.replaceAll('\n', ' '))
  return [String(reply.code), reply.enhanced, text].filter((part) => part !== '').join(' ')
}

function cleanText(text: string): string {
  return text.replace(controls, ' ').trimEnd()
}

/** Cuts a line into pieces of at most `limit` octets: between words if possible, never inside a character. */
function cut(line: string, limit: number): string[] {
  const pieces: string[] = []
  let rest = line
  while (Buffer.byteLength(rest) > limit) {
    const end = pieceEnd(rest, limit)
    pieces.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  pieces.push(rest)
  return pieces
}

function pieceEnd(text: string, limit: number): number {
  let octets = 0
  let end = 0
  for (const character of text) {
    octets += Buffer.byteLength(character)
    if (octets > limit) break
    end += character.length
  }
  const space = text.lastIndexOf(' ', end)
  return space > end / 2 ? space : end
}
