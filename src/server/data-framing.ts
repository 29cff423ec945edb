// Where a message ends, and which dots are not part of it (RFC 5321 4.1.1.4, 4.5.2). Only CRLF dot CRLF ends; a dot at the start of a line
// goes away; lines begin after CRLF and nowhere else, so a bare CR or LF hides no dot and makes no line. It passes both on: judging
// them is the business of message/newlines.ts.

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
const lineStartDot = Buffer.from('\r\n.')

/** What the last octets were. */
type State = 'text' | 'cr' | 'line' | 'dot' | 'dot-cr'

export interface Framed {
  /** Octets of the message. Shares memory with the chunk, which is overwritten. */
  readonly content: Buffer
  /** What follows the end of data, or null if it was not reached. */
  readonly rest: Buffer | null
}

export interface DataFraming {
  /** Takes the next octets of the client; they may be cut anywhere. Not to be called after the end. */
  push(chunk: Buffer): Framed
}

interface Cursor {
  readonly octets: Buffer
  /** Next octet to read. */
  at: number
  /** Octets of content so far, moved to the front. */
  kept: number
}

/** The line end of the DATA command counts as the one before the first line. */
export function createDataFraming(): DataFraming {
  let state: State = 'line'
  return {
    push: (chunk) => {
      // A CR behind a dot is content or part of the end: it was held back, and is read again together with what follows.
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
      // The CR was content after all.
      cursor.octets[cursor.kept++] = CR
      return 'text'
  }
}

/** Everything up to the next line that begins with a dot. */
function text(cursor: Cursor): State {
  const { octets, at } = cursor
  const found = octets.indexOf(lineStartDot, at)
  const end = found < 0 ? octets.length : found + 2
  const state = found >= 0 ? 'line' : endOf(octets, at)
  keep(cursor, end - at)
  return state
}

/** Looks before anything is moved. */
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
