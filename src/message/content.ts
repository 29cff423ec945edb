// A message in two parts: the header section as octets in memory (bounded by header-limits.ts), the body as a stream. Both together are
// the message, octet for octet, with CRLF line ends.

import { Readable } from 'node:stream'

export interface Content {
  /** The header section with the empty line that ends it, if the message has one. */
  readonly header: Buffer
  /** Octets of the body. */
  readonly bodySize: number
  /** The body, if it is in memory. */
  readonly octets?: Buffer
  /** Opens a new stream of the body. It may be called several times. */
  openBody(): Readable
}

/** Octets of the whole message. */
export function contentSize(content: Content): number {
  return content.header.length + content.bodySize
}

/** The whole message as one stream; the body is opened once and destroyed with the stream. */
export function openMessage(content: Content): Readable {
  return Readable.from(
    (async function* () {
      if (content.header.length > 0) yield content.header
      yield* content.openBody()
    })(),
    { objectMode: false },
  )
}
