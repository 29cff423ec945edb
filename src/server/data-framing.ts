// Finds the end of a message and removes stuffed dots (RFC 5321 4.1.1.4, 4.5.2). Only CRLF dot CRLF is the end. A line begins only after
// CRLF, so a bare CR or LF neither hides a dot nor begins a line; message/newlines.ts decides about bare CR and LF.

import type { OctetFraming } from './octet-framing.ts'

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
const lineStartDot = Buffer.from('\r\n.')

/** The last octets: text, CR, line end, dot at the start of a line, or CR after that dot. */
type State = 'text' | 'cr' | 'line' | 'dot' | 'dot-cr'

interface Cursor {
  readonly octets: Buffer
  /** Next octet to read. */
  at: number
  /** Octets of content so far; they are moved to the front. */
  kept: number
}

/** The line end of the DATA command counts as the one before the first line. The content shares the memory of the chunk, which is overwritten. */
export function createDataFraming(): OctetFraming {
  let state: State = 'line'
  return {
    push: (chunk) => {
      // A CR after a dot is content or part of the end. It was held back and is read again with the next chunk.
      const octets = state === 'dot-cr' ? Buffer.concat([Buffer.from([CR]), chunk]) : chunk
      if (state === 'dot-cr') state = 'dot'
      const cursor: Cursor = { octets, at: 0, kept: 0 }
      while (cursor.at < octets.length) {
        const next = step(state, cursor)
        if (next === 'end') return { content: octets.subarray(0, cursor.kept), rest: octets.subarray(cursor.at) }
        state = next
      }
      return { content: octets.subarray(0, cursor.kept), rest: null }
    },
  }
}

function step(state: State, cursor: Cursor): State | 'end' {
  const octet = cursor.octets[cursor.at] as number
  switch (state) {
    case 'text':
      return text(cursor)
    case 'cr':
      if (octet !== LF) return 'text'
      keep(cursor, 1)
      return 'line'
    case 'line':
      if (octet !== DOT) return 'text'
      cursor.at++
      return 'dot'
    case 'dot':
      if (octet !== CR) return 'text'
      cursor.at++
      return 'dot-cr'
    case 'dot-cr':
      if (octet === LF) {
        cursor.at++
        return 'end'
      }
      // The CR was content.
      cursor.octets[cursor.kept++] = CR
      return 'text'
  }
}

/** Keeps everything up to the next line that begins with a dot. */
function text(cursor: Cursor): State {
  const { octets, at } = cursor
  const found = octets.indexOf(lineStartDot, at)
  const end = found < 0 ? octets.length : found + 2
  const state = found >= 0 ? 'line' : endOf(octets, at)
  keep(cursor, end - at)
  return state
}

/** The state after the last octet; called before octets are moved. */
function endOf(octets: Buffer, from: number): State {
  const last = octets.length - 1
  if (octets[last] === CR) return 'cr'
  return octets[last] === LF && last > from && octets[last - 1] === CR ? 'line' : 'text'
}

function keep(cursor: Cursor, count: number): void {
  if (cursor.kept !== cursor.at) cursor.octets.copyWithin(cursor.kept, cursor.at, cursor.at + count)
  cursor.kept += count
  cursor.at += count
}
