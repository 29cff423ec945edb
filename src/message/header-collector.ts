// Finds the end of the header section in bytes that arrive in pieces, within the caps of message/limits.ts, before anything parses.
// The section ends at the first empty line (RFC 5322 2.1). A line that is no field ends it as well: then an empty line is put in
// front of that line, as Postfix does, so that every later reader sees the same header and the same body.

import { fieldColon, isBlank } from './header.ts'
import { HEADER_LINES, HEADER_SECTION_OCTETS } from './header-limits.ts'

const LF = 0x0a
const CR = 0x0d
const crlf = Buffer.from('\r\n')
const nothing = Buffer.alloc(0)
/** First size of the buffer, enough for most headers; it doubles up to the cap. */
const FIRST_OCTETS = 8192

export type Collected =
  | { readonly kind: 'more' }
  /** `header` with its empty line (or none, if the message ended before one), `body` the first octets of the body. */
  | { readonly kind: 'done'; readonly header: Buffer; readonly body: Buffer; readonly separatorAdded: boolean }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-many-lines' }

export interface HeaderCollector {
  /** Takes the next octets; after `done` (or a refusal) it must not be called again. */
  push(chunk: Buffer): Collected
  /** The message ended inside its header section. */
  end(): Collected
}

export interface HeaderCaps {
  readonly octets: number
  readonly lines: number
}

export const usualCaps: HeaderCaps = { octets: HEADER_SECTION_OCTETS, lines: HEADER_LINES }

export function createHeaderCollector(caps: HeaderCaps = usualCaps): HeaderCollector {
  let bytes = Buffer.allocUnsafe(FIRST_OCTETS)
  let length = 0
  let lineStart = 0
  let lines = 0
  const append = (chunk: Buffer): void => {
    if (length + chunk.length > bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(caps.octets, 2 ** Math.ceil(Math.log2(length + chunk.length))))
      bytes.copy(grown, 0, 0, length)
      bytes = grown
    }
    chunk.copy(bytes, length)
    length += chunk.length
  }
  const endBefore = (rest: Buffer): Collected => ({
    kind: 'done',
    header: Buffer.concat([bytes.subarray(0, lineStart), crlf]),
    body: Buffer.concat([bytes.subarray(lineStart, length), rest]),
    separatorAdded: true,
  })
  const push = (chunk: Buffer): Collected => {
    const room = caps.octets - length
    const taken = chunk.length > room ? chunk.subarray(0, room) : chunk
    const rest = chunk.subarray(taken.length)
    const scanFrom = length
    append(taken)
    for (let lf = indexOf(bytes, length, scanFrom); lf >= 0; lf = indexOf(bytes, length, lf + 1)) {
      const kind = lineKind(bytes, lineStart, lf)
      if (kind === 'empty') return atEmptyLine(lf + 1, rest)
      if (kind === 'body' || (kind === 'continuation' && lineStart === 0)) return endBefore(rest)
      lineStart = lf + 1
      lines++
      if (lines > caps.lines) return { kind: 'too-many-lines' }
    }
    if (length < caps.octets) return { kind: 'more' }
    // The section is full inside a line: an endless first line without a colon is a body, all else is too much header.
    return lineKind(bytes, lineStart, length) === 'body' ? endBefore(rest) : { kind: 'too-large' }
  }
  const atEmptyLine = (end: number, rest: Buffer): Collected => ({
    kind: 'done',
    header: Buffer.from(bytes.subarray(0, end)),
    body: end < length ? Buffer.concat([bytes.subarray(end, length), rest]) : rest,
    separatorAdded: false,
  })
  return {
    push,
    end: () =>
      lineStart < length
        ? endBefore(nothing)
        : { kind: 'done', header: Buffer.from(bytes.subarray(0, length)), body: nothing, separatorAdded: false },
  }
}

function indexOf(bytes: Buffer, length: number, from: number): number {
  const at = bytes.indexOf(LF, from)
  return at < length ? at : -1
}

function lineKind(bytes: Buffer, start: number, end: number): 'empty' | 'continuation' | 'field' | 'body' {
  if (end === start || (end === start + 1 && bytes[start] === CR)) return 'empty'
  if (isBlank(bytes[start] as number)) return 'continuation'
  return fieldColon(bytes, start, end) < 0 ? 'body' : 'field'
}
