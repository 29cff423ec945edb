// Line ends of an arriving message are CRLF only (RFC 5321 2.3.8). SMTP smuggling needs a bare CR or LF, so each one is refused or turned
// into CRLF before other code sees the octets. One pass over chunks that may end anywhere.

import { nextControl, searchControls } from './control-octets.ts'

const CR = 0x0d
const LF = 0x0a
const crlf = Buffer.from('\r\n')
const nothing = Buffer.alloc(0)

export interface NewlineFilter {
  /** The octets of this chunk with correct line ends, or null if a bare CR or LF is refused. A CR at the end is kept for the next chunk. */
  push(chunk: Buffer): Buffer | null
  /** Ends the message: a kept CR counts as bare, and a last line without CRLF gets one. Null as in `push`. */
  end(): Buffer | null
}

export function createNewlineFilter(mode: 'reject' | 'normalize'): NewlineFilter {
  let heldCr = false
  let lineOpen = false
  const pass = (bytes: Buffer): Buffer => {
    if (bytes.length > 0) lineOpen = bytes.at(-1) !== LF
    return bytes
  }
  const clean = (bytes: Buffer): Buffer | null => {
    const places = bareOnes(bytes, mode === 'reject')
    if (places.length === 0) return bytes
    return mode === 'reject' ? null : replaceAt(bytes, places)
  }
  return {
    push: (chunk) => {
      if (chunk.length === 0) return nothing
      const whole = heldCr ? Buffer.concat([crlf.subarray(0, 1), chunk]) : chunk
      heldCr = whole.at(-1) === CR
      const cleaned = clean(heldCr ? whole.subarray(0, -1) : whole)
      return cleaned && pass(cleaned)
    },
    end: () => {
      const last = heldCr ? clean(crlf.subarray(0, 1)) : nothing
      heldCr = false
      if (last === null) return null
      pass(last)
      return lineOpen ? Buffer.concat([last, crlf]) : last
    },
  }
}

/** Indices of CRs and LFs that are not part of a CRLF; only the first one if `firstOnly`. */
function bareOnes(bytes: Buffer, firstOnly: boolean): number[] {
  const places: number[] = []
  const search = searchControls(bytes)
  for (let at = nextControl(search, 0); at < bytes.length; ) {
    const octet = bytes[at]
    const whole = octet === CR && bytes[at + 1] === LF
    if (!whole && (octet === CR || octet === LF)) {
      places.push(at)
      if (firstOnly) break
    }
    at = nextControl(search, at + (whole ? 2 : 1))
  }
  return places
}

function replaceAt(bytes: Buffer, places: readonly number[]): Buffer {
  const result = Buffer.allocUnsafe(bytes.length + places.length)
  let from = 0
  let to = 0
  for (const place of places) {
    to += bytes.copy(result, to, from, place)
    to += crlf.copy(result, to)
    from = place + 1
  }
  bytes.copy(result, to, from)
  return result
}
