// Finds the end of the header section in octets that arrive in pieces, within the limits of header-limits.ts and before any parsing. The
// section ends at the first empty line (RFC 5322 2.1) or at a line that is no field. In the second case an empty line is inserted before
// that line, as Postfix does, so that every later reader sees the same header section and the same body.

import { fieldColon, isBlank } from './header.ts'
import { HEADER_LINES, HEADER_SECTION_OCTETS } from './header-limits.ts'

const LF = 0x0a
const CR = 0x0d
const crlf = Buffer.from('\r\n')
const nothing = Buffer.alloc(0)
/** Least size of the buffer for a header section that arrives in several pieces. It doubles up to the limit. */
const FIRST_OCTETS = 8192

export type Collected =
  | { readonly kind: 'more' }
  /** `header` with its empty line, if the message has one; `body` is the first octets of the body. */
  | { readonly kind: 'done'; readonly header: Buffer; readonly body: Buffer; readonly separatorAdded: boolean }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-many-lines' }

export interface HeaderCollector {
  /** Adds the next octets. It must not be called after `done` or a refusal. */
  push(chunk: Buffer): Collected
  /** Ends a message that has no body. */
  end(): Collected
}

export interface HeaderCaps {
  readonly octets: number
  readonly lines: number
}

export const usualCaps: HeaderCaps = { octets: HEADER_SECTION_OCTETS, lines: HEADER_LINES }

export function createHeaderCollector(caps: HeaderCaps = usualCaps): HeaderCollector {
  /** The first piece itself, in which most header sections end, or a buffer for all pieces. */
  let bytes: Buffer = nothing
  let isFirst = true
  let length = 0
  let lineStart = 0
  let lines = 0
  const append = (chunk: Buffer): void => {
    isFirst = length === 0
    if (isFirst) bytes = chunk
    else {
      if (length + chunk.length > bytes.length) bytes = grown(bytes.subarray(0, length), chunk.length, caps.octets)
      chunk.copy(bytes, length)
    }
    length += chunk.length
  }
  /** The octets from `start`, and those of a piece that were not taken. */
  const bodyFrom = (start: number, rest: Buffer): Buffer => {
    if (start === length) return rest
    const begun = bytes.subarray(start, length)
    return isFirst && rest.length === 0 ? begun : Buffer.concat([begun, rest])
  }
  const endBefore = (rest: Buffer): Collected => ({
    kind: 'done',
    header: Buffer.concat([bytes.subarray(0, lineStart), crlf]),
    body: bodyFrom(lineStart, rest),
    separatorAdded: true,
  })
  const push = (chunk: Buffer): Collected => {
    const free = caps.octets - length
    const taken = chunk.length > free ? chunk.subarray(0, free) : chunk
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
    // The limit is reached inside a line: a first line without a colon begins the body, any other section is too large.
    return lineKind(bytes, lineStart, length) === 'body' ? endBefore(rest) : { kind: 'too-large' }
  }
  const atEmptyLine = (end: number, rest: Buffer): Collected => ({
    kind: 'done',
    header: Buffer.from(bytes.subarray(0, end)),
    body: bodyFrom(end, rest),
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

/** A larger buffer that begins with the same octets and has space for `more`. */
function grown(octets: Buffer, more: number, most: number): Buffer {
  const wanted = Math.max(FIRST_OCTETS, 2 ** Math.ceil(Math.log2(octets.length + more)))
  const larger = Buffer.allocUnsafe(Math.min(most, wanted))
  octets.copy(larger)
  return larger
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
