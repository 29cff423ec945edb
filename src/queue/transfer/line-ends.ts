// Finds bare CR and LF in the octets of a transferred message (RFC 5321 2.3.8). The next hop could take them for the end of the data, so that
// the rest would be commands. A listener refuses or replaces them on arrival, so a node never has them in its queue.

import { Transform } from 'node:stream'

const CR = 0x0d
const LF = 0x0a

/** The octets of a message are not what SMTP could have brought. */
export class MalformedContent extends Error {
  override readonly name = 'MalformedContent'
}

export interface LineEnds {
  /** False if a bare CR or LF is in this chunk or at its start. */
  push(chunk: Buffer): boolean
  /** The end of the octets: `bare` is a CR without its LF, `open` a last line without CRLF, which delivery completes. */
  end(): 'complete' | 'open' | 'bare'
}

export function createLineEnds(): LineEnds {
  let before = LF
  let isEmpty = true
  return {
    push: (chunk) => {
      if (chunk.length === 0) return true
      const first = chunk[0]
      if (before === CR && first !== LF) return false
      if (first === LF && (isEmpty || before !== CR)) return false
      isEmpty = false
      for (let at = chunk.indexOf(LF, 1); at >= 0; at = chunk.indexOf(LF, at + 1))
        if (chunk[at - 1] !== CR) return false
      for (let at = chunk.indexOf(CR); at >= 0 && at < chunk.length - 1; at = chunk.indexOf(CR, at + 1))
        if (chunk[at + 1] !== LF) return false
      before = chunk[chunk.length - 1] as number
      return true
    },
    end: () => (before === CR ? 'bare' : before === LF ? 'complete' : 'open'),
  }
}

/** Passes the octets on; fails with MalformedContent at a bare CR or LF. */
export function checkLineEnds(): Transform {
  const ends = createLineEnds()
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => (ends.push(chunk) ? done(null, chunk) : done(bareInBody())),
    flush: (done) => (ends.end() === 'bare' ? done(bareInBody()) : done()),
  })
}

/** For a body that is in memory. */
export function assertLineEnds(body: Buffer): void {
  const ends = createLineEnds()
  if (!ends.push(body) || ends.end() === 'bare') throw bareInBody()
}

function bareInBody(): MalformedContent {
  return new MalformedContent('the body has a bare CR or LF')
}
