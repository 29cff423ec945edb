// Counts the octets of one BDAT chunk (RFC 3030 section 2). Only the number ends a chunk: dots and line ends mean nothing here.

import type { OctetFraming } from './octet-framing.ts'

/** @param octets the count of the BDAT command, at least 1 */
export function createChunkFraming(octets: number): OctetFraming {
  let missing = octets
  return {
    push: (chunk) => {
      if (chunk.length < missing) {
        missing -= chunk.length
        return { content: chunk, rest: null }
      }
      const content = ofItsOwn(chunk, missing)
      const rest = chunk.subarray(missing)
      missing = 0
      return { content, rest }
    },
  }
}

/** A slice would keep the commands behind it in memory as long as the message, and a pooled copy what else is in the pool. */
function ofItsOwn(chunk: Buffer, octets: number): Buffer {
  if (chunk.length === octets) return chunk
  const copy = Buffer.allocUnsafeSlow(octets)
  chunk.copy(copy)
  return copy
}
