// Reads SMTP replies from the octets of a connection (RFC 5321 section 4.2.1, RFC 2034). Pure: no socket, no clock. Text that is not a reply
// is a fault: a guess could take the reply to one command for that to another.

import type { PeerReply } from './transport.ts'

/** RFC 5321 section 4.5.3.1.5 allows 512; some servers write longer lines. */
const MAX_LINE = 4096
/** Bounds the memory of a reply with many lines. */
const MAX_REPLY = 65_536

/** Characters that are kept: the queue stores them with every recipient. */
const MAX_KEPT = 4096

const lineForm = /^([2-5]\d\d)(?:([ -])(.*))?$/s
const enhancedForm = /^([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)/

export type ReadResult =
  | { readonly kind: 'replies'; readonly replies: readonly PeerReply[] }
  | { readonly kind: 'fault'; readonly cause: string }

export interface ReplyReader {
  /** Adds octets and returns the replies that they complete. After a fault the reader must not be used. */
  push(chunk: Buffer): ReadResult
  /** True if a reply is incomplete. */
  readonly pending: boolean
}

export function createReplyReader(): ReplyReader {
  let remainder = ''
  let lines: string[] = []
  let size = 0
  const addLine = (line: string, replies: PeerReply[]): string | null => {
    const match = lineForm.exec(line)
    if (!match) return `not a reply: ${printable(line)}`
    const [first] = lines
    if (first !== undefined && !first.startsWith(match[1] as string))
      return `one reply with two codes: ${printable(first)} / ${printable(line)}`
    lines.push(line)
    size += line.length
    if (size > MAX_REPLY) return 'the reply is too long'
    if (match[2] === '-') return null
    replies.push(makeReply(lines))
    lines = []
    size = 0
    return null
  }
  return {
    get pending() {
      return remainder !== '' || lines.length > 0
    },
    push: (chunk) => {
      const text = remainder + chunk.toString('latin1')
      const replies: PeerReply[] = []
      let start = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        const line = text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end)
        const fault = line.length > MAX_LINE ? 'a reply line is too long' : addLine(line, replies)
        if (fault !== null) return { kind: 'fault', cause: fault }
        start = end + 1
      }
      remainder = text.slice(start)
      if (remainder.length > MAX_LINE) return { kind: 'fault', cause: 'a reply line is too long' }
      return { kind: 'replies', replies }
    },
  }
}

function makeReply(lines: readonly string[]): PeerReply {
  const first = lines[0] as string
  const code = Number(first.slice(0, 3))
  return { code, enhanced: enhancedOf(code, first.slice(4)), verbatim: decode(lines.join('\n').slice(0, MAX_KEPT)) }
}

/** If class and code contradict each other, the class of the code counts, as for a client without RFC 2034. */
function enhancedOf(code: number, text: string): string {
  const match = enhancedForm.exec(text)
  return match ? `${Math.floor(code / 100)}.${Number(match[2])}.${Number(match[3])}` : ''
}

/** RFC 6531 section 3.7.4.2 allows UTF-8 in replies; other octets are read as Latin-1. Control characters become spaces. */
function decode(latin1: string): string {
  // oxlint-disable-next-line no-control-regex -- the range is the point
  const clean = latin1.replace(/[\0-\x09\x0b-\x1f\x7f]/g, ' ')
  // oxlint-disable-next-line no-control-regex
  if (/^[\0-\x7f]*$/.test(clean)) return clean
  const utf8 = Buffer.from(clean, 'latin1').toString('utf8')
  const text = utf8.includes('�') ? clean : utf8
  return text.replace(/[\x80-\x9f\u2028\u2029]/g, ' ')
}

function printable(line: string): string {
  return decode(line.slice(0, 80)).replaceAll('\n', ' ')
}
