// Drops what programs wrongly put in front of a header section: a byte order mark, empty lines, and the `From ` line of a mailbox file, also
// quoted as `>From ` (Postfix accepts them too). Otherwise the whole header section would become part of the body. A message whose first
// other line is no field has no header section and stays as it is.

import { fieldColon } from './header.ts'

const LF = 0x0a
const CR = 0x0d
const CAPITAL_F = 0x46
const GREATER = 0x3e
const SPACE = 0x20
/** Place of the space in `From `. */
const MAILBOX_SPACE = 4
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
/** `From : ann@example.org` is a field in an obsolete form (RFC 5322 4.5). */
const mailboxLine = /^>?From (?! *:)/
/** Lines that are dropped; octets that are read to find a field behind them. */
const MOST_LINES = 20
const MOST_OCTETS = 4096
const nothing: Buffer = Buffer.alloc(0)

export interface LeadingLines {
  /** The octets that may pass now; an empty buffer while the start is not decided. Lines end with CRLF. */
  push(chunk: Buffer): Buffer
  /** The rest, at the end of the message. */
  end(): Buffer
  /** Octets that were dropped. */
  readonly dropped: number
}

export function createLeadingLines(): LeadingLines {
  let pending = nothing
  let dropped: number | null = null
  const pass = (isEnd: boolean): Buffer => {
    dropped = octetsToDrop(pending, isEnd || pending.length >= MOST_OCTETS)
    if (dropped === null) return nothing
    const passed = pending.subarray(dropped)
    pending = nothing
    return passed
  }
  return {
    get dropped() {
      return dropped ?? 0
    },
    push: (chunk) => {
      if (dropped !== null) return chunk
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      return pass(false)
    },
    end: () => (dropped === null ? pass(true) : nothing),
  }
}

/** Null if more octets are needed, which `isAll` excludes. */
function octetsToDrop(text: Buffer, isAll: boolean): number | null {
  if (text.length < byteOrderMark.length && !isAll) return null
  let start = text.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0
  for (let lines = 0; lines <= MOST_LINES; lines++) {
    const end = text.indexOf(LF, start)
    if (lines === 0 && !mayBeDropped(text)) return 0
    if (end < 0 && !isAll) return null
    const stop = end < 0 ? text.length : end
    if (end < 0 || !isDropped(text, start, stop)) return fieldColon(text, start, stop) < 0 ? 0 : start
    start = end + 1
  }
  return 0
}

/** Whether a message that begins like this can need it: decides most messages by two octets, such as `F` and `:` of `From:`. */
export function mayBeDropped(text: Buffer): boolean {
  if (text[0] === CAPITAL_F) return text.length < MAILBOX_SPACE + 1 || text[MAILBOX_SPACE] === SPACE
  return text[0] === CR || text[0] === GREATER || text[0] === byteOrderMark[0]
}

function isDropped(text: Buffer, start: number, end: number): boolean {
  if (end === start + 1 && text[start] === CR) return true
  return mailboxLine.test(text.toString('latin1', start, end))
}
