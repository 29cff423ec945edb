// The message on standard input: line ends become CRLF, a missing empty line between header and body is added, and a line with a single
// dot ends it unless the caller says otherwise.

import { fieldColon, isBlank } from '../message/header.ts'

const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e
const CRLF = Buffer.from('\r\n')
/** The line that mailbox files (mbox) have in front of a message. */
const MBOX_LINE = Buffer.from('From ')

export interface LocalContent {
  /** Complete lines, without the empty line at the end. */
  readonly header: Buffer
  readonly body: Buffer
}

export function readContent(input: Buffer, { ignoreDots }: { readonly ignoreDots: boolean }): LocalContent {
  const header: Buffer[] = []
  const body: Buffer[] = []
  let inHeader = true
  for (const line of linesOf(input)) {
    if (!ignoreDots && line.length === 1 && line[0] === DOT) break
    if (inHeader) {
      if (header.length === 0 && startsWith(line, MBOX_LINE)) continue
      const isField = fieldColon(line, 0, line.length) >= 0
      const continues = header.length > 0 && line.length > 0 && isBlank(line[0] as number)
      if (isField || continues) {
        header.push(withoutCr(line), CRLF)
        continue
      }
      inHeader = false
      if (line.length === 0) continue
    }
    for (const part of atBareCr(line)) body.push(part, CRLF)
  }
  return { header: Buffer.concat(header), body: Buffer.concat(body) }
}

/** A CR alone is a line end too: programs write it for progress bars, and SMTP does not carry it (RFC 5321 2.3.8). */
function* atBareCr(line: Buffer): Generator<Buffer> {
  let start = 0
  for (let cr = line.indexOf(CR); cr >= 0; cr = line.indexOf(CR, start)) {
    yield line.subarray(start, cr)
    start = cr + 1
  }
  yield line.subarray(start)
}

function withoutCr(line: Buffer): Buffer {
  return line.includes(CR) ? Buffer.from(line.toString('latin1').replaceAll('\r', ' '), 'latin1') : line
}

/** Lines without their ends: LF, or CRLF. */
function* linesOf(input: Buffer): Generator<Buffer> {
  let start = 0
  while (start < input.length) {
    const found = input.indexOf(LF, start)
    const end = found < 0 ? input.length : found
    yield input.subarray(start, found > start && input[found - 1] === CR ? found - 1 : end)
    start = end + 1
  }
}

function startsWith(line: Buffer, text: Buffer): boolean {
  return line.subarray(0, text.length).equals(text)
}
