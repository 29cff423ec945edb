// Receives a message after the server removed dot-stuffing: the header section goes to memory within its limits, the body to a sink. Line
// ends are checked first (newlines.ts), so no later code sees a bare CR or LF. One pass in constant memory; the sink's back-pressure
// reaches the socket. A refused message is read to its end, because SMTP replies only then.

import type { Readable } from 'node:stream'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import { createHeaderCollector, usualCaps } from './header-collector.ts'
import type { Collected, HeaderCaps } from './header-collector.ts'
import { openChunks } from './chunks.ts'
import { fieldsNamed, readFields } from './header.ts'
import { DRAIN_FACTOR, FROM_OCTETS, HEADER_SECTION_OCTETS, HOP_LINES, HOP_OCTETS } from './header-limits.ts'
import { createLeadingLines, type LeadingLines, mayBeDropped } from './leading-lines.ts'
import { createNewlineFilter } from './newlines.ts'

/** The destination of body octets. The next write waits for the returned promise. */
export interface BodySink {
  write(chunk: Buffer): Promise<void> | void
}

export interface ReceiveSettings {
  /** A bare CR or LF is refused with 550 5.5.2, or turned into CRLF. */
  readonly bareNewline: 'reject' | 'normalize'
  /** Octets of the whole message, CRLFs counted and stuffed dots not (RFC 1870 section 3). */
  readonly maxSize: number
  /** Called with the octets of the header section before they are kept in memory; what it throws fails the reception. */
  readonly keeping?: (octets: number) => void
  /** The client is a fleet node: fields that it added on top do not count for the size and header limits. */
  readonly fromPeer?: boolean
}

export type Received =
  | {
      readonly kind: 'ok'
      /** With its empty line. A message without body and empty line ends with its last field. */
      readonly header: Buffer
      readonly bodySize: number
      /** True if a line that is no field began the body and an empty line was inserted before it. */
      readonly separatorAdded: boolean
    }
  /** `drained` is false if the message exceeded the limit so far that the rest was not read: reply and close the connection. */
  | { readonly kind: 'refused'; readonly reply: Refusal; readonly drained: boolean }
  /** The client disconnected before the end of data, so no reply is sent. */
  | { readonly kind: 'aborted'; readonly cause: string }

/**
 * Reads the whole message. Rejects only with an error of the sink, after the rest was read. The stream is not destroyed.
 */
export async function receiveMessage(message: Readable, sink: BodySink, settings: ReceiveSettings): Promise<Received> {
  const maxSize = settings.maxSize + (settings.fromPeer ? HOP_OCTETS : 0)
  const reception = createReception(sink, { ...settings, maxSize })
  let broken: { readonly error: unknown } | null = null
  let octets = 0
  const isFlood = () => reception.refused !== null && octets > maxSize * DRAIN_FACTOR + HEADER_SECTION_OCTETS
  const chunks = openChunks(message)
  try {
    for (let chunk = await chunks.next(); chunk !== null; chunk = await chunks.next()) {
      octets += chunk.length
      if (isFlood()) break
      if (broken || reception.refused) continue
      // A failure of the sink is not a failure of the client.
      await reception.take(chunk).catch((error: unknown) => (broken = { error }))
    }
    if (!message.readableEnded && !isFlood()) return { kind: 'aborted', cause: 'the stream ended early' }
  } catch (error) {
    return { kind: 'aborted', cause: error instanceof Error ? error.message : String(error) }
  } finally {
    chunks.close()
  }
  const failure = broken as { readonly error: unknown } | null
  if (failure) throw failure.error
  return finish(reception, message)
}

async function finish(reception: Reception, message: Readable): Promise<Received> {
  const ok = await reception.end()
  if (reception.refused) return { kind: 'refused', reply: reception.refused, drained: message.readableEnded }
  return ok
}

const peerCaps: HeaderCaps = { octets: usualCaps.octets + HOP_OCTETS, lines: usualCaps.lines + HOP_LINES }

interface Reception {
  readonly refused: Refusal | null
  take(chunk: Buffer): Promise<void>
  end(): Promise<Received & { kind: 'ok' }>
}

function createReception(sink: BodySink, settings: ReceiveSettings): Reception {
  const filter = createNewlineFilter(settings.bareNewline)
  const caps = settings.fromPeer ? peerCaps : usualCaps
  let leading: LeadingLines | null = null
  const collector = createHeaderCollector(caps)
  let header: Buffer | null = null
  let separatorAdded = false
  let size = 0
  let refused: Refusal | null = null
  const write = async (bytes: Buffer): Promise<void> => {
    if (bytes.length > 0) await sink.write(bytes)
  }
  const settle = async (collected: Collected): Promise<void> => {
    if (collected.kind === 'more') return
    if (collected.kind !== 'done') {
      refused = headerRefusal(collected.kind, caps)
      return
    }
    if (!settings.fromPeer && hasLongFrom(collected.header)) {
      refused = longFrom
      return
    }
    header = collected.header
    separatorAdded = collected.separatorAdded
    await write(collected.body)
  }
  const accept = (clean: Buffer | null): clean is Buffer => {
    if (clean === null) refused = bareNewline
    else {
      size += clean.length
      if (size > settings.maxSize) refused = tooLarge(settings.maxSize)
    }
    return refused === null
  }
  const take = async (clean: Buffer | null): Promise<void> => {
    if (!accept(clean) || clean.length === 0) return
    if (header) return write(clean)
    settings.keeping?.(clean.length)
    if (size === clean.length && mayBeDropped(clean)) leading = createLeadingLines()
    const octets = leading ? leading.push(clean) : clean
    if (octets.length > 0) await settle(collector.push(octets))
  }
  return {
    get refused() {
      return refused
    },
    take: (chunk) => take(filter.push(chunk)),
    end: async () => {
      if (!refused) await take(filter.end())
      const held = leading?.end()
      if (!refused && !header && held && held.length > 0) await settle(collector.push(held))
      if (!refused && !header) await settle(collector.end())
      const section = header ?? Buffer.alloc(0)
      const bodySize = size - (leading?.dropped ?? 0) + (separatorAdded ? 2 : 0) - section.length
      return { kind: 'ok', header: section, bodySize, separatorAdded }
    },
  }
}

/** RFC 5321 2.3.8 and 4.1.1.4; Postfix replies with the same code. */
const bareNewline = refusal(550, '5.5.2', 'Bare CR or LF in the message: lines must end with CRLF', 'bare newline')

const longFrom = refusal(550, '5.6.0', `From: field larger than ${FROM_OCTETS} octets`)

/** Most header sections are shorter than the limit of the field. */
function hasLongFrom(header: Buffer): boolean {
  if (header.length <= FROM_OCTETS) return false
  return fieldsNamed(readFields(header), 'from').reduce((sum, { raw }) => sum + raw.length, 0) > FROM_OCTETS
}

function tooLarge(limit: number): Refusal {
  return refusal(552, '5.3.4', `Message larger than ${limit} octets`)
}

/** Too many octets are too much mail data (RFC 5321 4.5.3.1.10); too many lines are a fault of the content. */
function headerRefusal(kind: 'too-large' | 'too-many-lines', caps: HeaderCaps): Refusal {
  return kind === 'too-large'
    ? refusal(552, '5.3.4', `Header section larger than ${caps.octets} octets`)
    : refusal(550, '5.6.0', `Header section of more than ${caps.lines} lines`)
}
