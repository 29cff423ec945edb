// A mail as two parts: the header section as bytes in memory (bounded by message/limits), the body as something to stream.
// Header and body written one after the other are the message, byte for byte, with CRLF line ends.

import { Readable } from 'node:stream'

export interface Content {
  /** The header section including the empty line that ends it (if the message had one). */
  readonly header: Buffer
  /** Octets of the body. */
  readonly bodySize: number
  /** A fresh stream of the body; may be called several times. */
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
