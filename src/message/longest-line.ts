// Measures the lines of a message, for the limit of RFC 5322 2.1.1.

import { type Content, openMessage } from './content.ts'

const LF = 10
const CR = 13

/** Octets of the longest line, without its line end. Rejects if the body cannot be read. */
export async function longestLine(content: Content): Promise<number> {
  let longest = 0
  let length = 0
  let endsInCr = false
  for await (const chunk of openMessage(content) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      const hasCr = end > start ? chunk[end - 1] === CR : endsInCr
      longest = Math.max(longest, length + end - start - (hasCr ? 1 : 0))
      length = 0
      endsInCr = false
      start = end + 1
    }
    if (start >= chunk.length) continue
    length += chunk.length - start
    endsInCr = chunk[chunk.length - 1] === CR
  }
  return Math.max(longest, length)
}
