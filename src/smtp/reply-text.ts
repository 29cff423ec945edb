// Replies as text: what a remote server sent becomes a Reply (RFC 5321 4.2, RFC 2034 section 4), a Reply becomes lines on the wire.
// Remote text is data of a stranger: control characters never survive, lines and size are bounded, nothing throws.

import { REPLY_LINE_OCTETS } from './address-limits.ts'
import type { Reply } from './reply.ts'

/** Lines of a remote reply that we keep: some servers explain at length, none needs more. */
const MAX_LINES = 50
/** Characters kept of a whole remote reply, as the queue stores it for each recipient. */
const MAX_CHARACTERS = 4096

const replyLine = /^([2-5][0-9]{2})(?:[- ](.*))?$/s
const enhancedCode = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/
// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const controls = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

/**
 * Reads a remote reply, one or more lines ended by CRLF or LF, each with the code in front or only the first one.
 * The enhanced status is taken only if its class fits the code (RFC 2034); empty otherwise. Null if there is no reply code.
 */
export function parseReply(text: string): Reply | null {
  const lines = text
    .slice(0, MAX_CHARACTERS)
    .replace(/(?:\r?\n)+$/, '')
    .split(/\r?\n/, MAX_LINES)
  const first = replyLine.exec(lines[0] ?? '')
  if (!first) return null
  const code = first[1] as string
  const found = enhancedCode.exec(first[2] ?? '')?.[1] ?? ''
  const enhanced = found.startsWith(code[0] as string) ? found : ''
  const texts = lines.map((line) => cleanText(withoutPrefix(line, code, enhanced)))
  return { code: Number(code), enhanced, text: texts.join('\n') }
}

/** The reply as it goes over the wire, every line with CRLF, the enhanced status on each (RFC 2034 section 4). */
export function formatReply(reply: Reply): string {
  const prefix = reply.enhanced === '' ? '' : `${reply.enhanced} `
  const room = REPLY_LINE_OCTETS - '250-\r\n'.length - prefix.length
  const lines = reply.text.split('\n').flatMap((line) => cut(cleanText(line), room))
  return lines.map((line, i) => `${reply.code}${i < lines.length - 1 ? '-' : ' '}${prefix}${line}\r\n`).join('')
}

/** One line for ledger and log: code, enhanced status, text with its lines joined by a space. */
export function oneLine(reply: Reply): string {
  const text = cleanText(reply.text.replaceAll('\n', ' '))
  return [String(reply.code), reply.enhanced, text].filter((part) => part !== '').join(' ')
}

function withoutPrefix(line: string, code: string, enhanced: string): string {
  const match = replyLine.exec(line)
  const text = match && match[1] === code ? (match[2] ?? '') : line
  return enhanced !== '' && enhancedCode.exec(text)?.[1] === enhanced ? text.slice(enhanced.length + 1) : text
}

function cleanText(text: string): string {
  return text.replace(controls, ' ').trimEnd()
}

/** Cuts a line into pieces of at most `room` octets, between words where there are words, never inside a character. */
function cut(line: string, room: number): string[] {
  const pieces: string[] = []
  let rest = line
  while (Buffer.byteLength(rest) > room) {
    const end = pieceEnd(rest, room)
    pieces.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  pieces.push(rest)
  return pieces
}

function pieceEnd(text: string, room: number): number {
  let octets = 0
  let end = 0
  for (const character of text) {
    octets += Buffer.byteLength(character)
    if (octets > room) break
    end += character.length
  }
  const space = text.lastIndexOf(' ', end)
  return space > end / 2 ? space : end
}
