// A mail as one stream, for readers that want it whole: header section, then the body, read as it is asked for.

import { Readable } from 'node:stream'
import type { Content } from './content.ts'

/** Every octet of the mail; the body is opened once and destroyed with the stream. */
export function openMessage(content: Content): Readable {
  return Readable.from(
    (async function* () {
      if (content.header.length > 0) yield content.header
      yield* content.openBody()
    })(),
    { objectMode: false },
  )
}
