// Transparency of the data (RFC 5321 section 4.5.2): a line that starts with a dot gets a second one. Dots behind a bare CR or LF are doubled
// too, so that a lenient server does not find an end of data inside the message (SMTP smuggling).

const CR = 13
const LF = 10
const DOT = 46
const doubled = Buffer.from('.')
const lineEnd = Buffer.from('\r\n')
const finalDot = Buffer.from('.\r\n')

/** The last octets that were sent: they decide about a dot at the start of the next chunk and about the line end before the final dot. */
export interface Position {
  readonly last: number
  readonly beforeLast: number
}

/** Before the first octet: a dot there is at the start of a line. */
export const atStart: Position = { last: LF, beforeLast: CR }

/** The position after this chunk. */
export function positionAfter(chunk: Buffer, before: Position): Position {
  if (chunk.length === 0) return before
  const last = chunk[chunk.length - 1] as number
  return { last, beforeLast: chunk.length > 1 ? (chunk[chunk.length - 2] as number) : before.last }
}

/** The chunk with its dots doubled; the chunk itself if it has none to double. */
export function stuff(chunk: Buffer, before: Position): Buffer {
  const places = dotsToDouble(chunk, before)
  if (places.length === 0) return chunk
  const parts: Buffer[] = []
  let from = 0
  for (const place of places) {
    parts.push(chunk.subarray(from, place), doubled)
    from = place
  }
  parts.push(chunk.subarray(from))
  return Buffer.concat(parts)
}

/** The end of the data after `position`: a line end if the message has none, then the dot. */
export function closing(position: Position): Buffer {
  const complete = position.last === LF && position.beforeLast === CR
  return complete ? finalDot : Buffer.concat([lineEnd, finalDot])
}

function dotsToDouble(chunk: Buffer, before: Position): number[] {
  const places: number[] = []
  if (chunk[0] === DOT && (before.last === LF || before.last === CR)) places.push(0)
  for (let at = chunk.indexOf('\n.', 0, 'latin1'); at >= 0; at = chunk.indexOf('\n.', at + 1, 'latin1'))
    places.push(at + 1)
  if (chunk.indexOf('\r.', 0, 'latin1') < 0) return places
  for (let at = chunk.indexOf('\r.', 0, 'latin1'); at >= 0; at = chunk.indexOf('\r.', at + 1, 'latin1'))
    places.push(at + 1)
  return places.sort((a, b) => a - b)
}
