// Canonical forms of the body (RFC 6376 3.4.3, 3.4.4) as a stream: chunks may end anywhere, memory is constant.
// Only CRLF ends a line. A bare CR or LF is content.

import { createHash } from 'node:crypto'
import type { Content } from '../message/content.ts'
import type { Canonicalization } from './canonical-header.ts'

export interface BodyCanonicalizer {
  update(chunk: Buffer): void
  /** Ends the body. It is called once. */
  end(): void
}

const CR = 0x0d
const LF = 0x0a
const SP = 0x20
const TAB = 0x09
const LINE_END = Buffer.from('\r\n')

type Sink = (piece: Buffer) => void

/** Passes the canonical body to `sink` in pieces, which are only valid during the call. */
export function canonicalBody(form: Canonicalization, sink: Sink): BodyCanonicalizer {
  const changing = octetByOctet(form, sink)
  return {
    update: (chunk) => {
      const [start, end] = unchangedPart(chunk, form === 'relaxed')
      if (start > 0) changing.update(chunk.subarray(0, start))
      if (end > start) sink(chunk.subarray(start, end))
      if (end < chunk.length) changing.update(chunk.subarray(end))
    },
    end: () => changing.end(),
  }
}

function octetByOctet(form: Canonicalization, sink: Sink): BodyCanonicalizer {
  const relaxed = form === 'relaxed'
  // Line ends not yet written, of earlier chunks and of this one: empty lines at the end of the body are dropped.
  let held = 0
  let lineEnds = 0
  let space = false
  let carriageReturn = false
  let empty = true

  /** Writes the held line ends and space before the content that follows; returns the new position in `out`. */
  const release = (out: Buffer, at: number): number => {
    let to = at
    // Line ends of earlier chunks precede this chunk and may not fit into `out`.
    for (; held > 0; held--) sink(LINE_END)
    for (; lineEnds > 0; lineEnds--) {
      out[to++] = CR
      out[to++] = LF
    }
    if (space) out[to++] = SP
    space = false
    empty = false
    return to
  }

  return {
    update(chunk) {
      // Two more octets, for a space and a CR held from the previous chunk.
      const out = Buffer.allocUnsafe(chunk.length + 2)
      let to = 0
      for (let i = 0; i < chunk.length; i++) {
        const octet = chunk[i] as number
        if (carriageReturn) {
          carriageReturn = false
          if (octet === LF) {
            space = false
            lineEnds++
            continue
          }
          to = release(out, to)
          out[to++] = CR
        }
        if (octet === CR) carriageReturn = true
        else if (relaxed && (octet === SP || octet === TAB)) space = true
        else {
          if (lineEnds > 0 || space || held > 0 || empty) to = release(out, to)
          out[to++] = octet
        }
      }
      sink(out.subarray(0, to))
      held += lineEnds
      lineEnds = 0
    },
    end() {
      if (carriageReturn) {
        const out = Buffer.allocUnsafe(2)
        const to = release(out, 0)
        out[to] = CR
        sink(out.subarray(0, to + 1))
      }
      // 3.4.3: an empty body is one CRLF in the simple form; 3.4.4: it stays empty in the relaxed form.
      if (!empty || !relaxed) sink(LINE_END)
    },
  }
}

/**
 * The octets between two octets of visible content that the form leaves as they are; most chunks are one such part. The octet before
 * the start is visible content, so nothing is held there. Both are 0 if there is none: it is found in a tenth of the time that the change of an octet takes.
 */
function unchangedPart(chunk: Buffer, relaxed: boolean): readonly [start: number, end: number] {
  let start = 0
  while (start < chunk.length && (chunk[start] as number) <= SP) start++
  let end = chunk.length
  while (end > start && (chunk[end - 1] as number) <= SP) end--
  if (end - start < 2) return [0, 0]
  start++
  return !relaxed || isRelaxed(chunk, start, end) ? [start, end] : [0, 0]
}

/** No tab, no two spaces in a row, and no space at the end of a line. */
function isRelaxed(chunk: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const octet = chunk[i] as number
    if (octet > SP) continue
    if (octet === TAB) return false
    if (octet !== SP) continue
    const next = chunk[i + 1] as number
    if (next === SP || next === TAB || next === CR) return false
  }
  return true
}

/** bh= of a signature (RFC 6376 3.7): base64 SHA-256 of the body in relaxed form. Streams the body. */
export async function hashBody(content: Content): Promise<string> {
  const hash = createHash('sha256')
  const canonical = canonicalBody('relaxed', (piece) => hash.update(piece))
  for await (const chunk of content.openBody()) canonical.update(chunk as Buffer)
  canonical.end()
  return hash.digest('base64')
}
