// Sends header and body after the 354. Small mails leave in one write; large ones are streamed at the peer's pace. If anything
// breaks on the way the final dot must never be sent: half a mail would count as a whole one.

import type { Dialogue } from './smtp-dialogue.ts'
import { atStart, closing, positionAfter, stuff } from './dot-stuffing.ts'
import type { TransportContent } from './transport.ts'

export type DataSent =
  | { readonly kind: 'sent' }
  /** The peer spoke or left before the end: its reply (or the loss) is the answer to the data. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'unreadable'; readonly cause: string }

/**
 * Octets a second that a peer has to take on average (Postfix's smtp_min_data_rate), counted once it kept us waiting for as long as one
 * block may take: a peer that reads a block just before each time-out would hold the connection for days.
 */
const SLOWEST_RATE = 500

/** Smaller bodies are sent as one piece with their header: to copy them costs less than to hand the kernel a list. */
const COPIED_OCTETS = 16_384

/** What of a dialogue is needed here. */
export type DataLine = Pick<Dialogue, 'write' | 'writeTogether' | 'drained' | 'peekReply' | 'close' | 'clock'>

/** @param blockTimeout ms for one block to leave our buffer (RFC 5321 4.5.3.2.5) */
export async function sendData(dialogue: DataLine, content: TransportContent, blockTimeout: number): Promise<DataSent> {
  if (content.inline !== null) {
    const message = wholeMessage(content.header, content.inline)
    if (content.inline.length > COPIED_OCTETS) dialogue.writeTogether(message)
    else dialogue.write(Buffer.concat(message))
    return { kind: 'sent' }
  }
  let position = positionAfter(content.header, atStart)
  dialogue.write(stuff(content.header, atStart))
  const pace = { octets: content.header.length, waited: 0, blockTimeout }
  const stream = content.open()
  try {
    for await (const chunk of stream) {
      await sendChunk(dialogue, stuff(chunk as Buffer, position), pace)
      position = positionAfter(chunk as Buffer, position)
      if (dialogue.peekReply()) return { kind: 'interrupted' }
    }
  } catch (error) {
    return { kind: 'unreadable', cause: error instanceof Error ? error.message : String(error) }
  } finally {
    stream.destroy()
  }
  dialogue.write(closing(position))
  return { kind: 'sent' }
}

interface Pace {
  octets: number
  /** Ms that the peer kept us waiting; the time that our own disk takes is not held against it. */
  waited: number
  readonly blockTimeout: number
}

async function sendChunk(dialogue: DataLine, octets: Buffer, pace: Pace): Promise<void> {
  pace.octets += octets.length
  if (dialogue.write(octets)) return
  const before = dialogue.clock.now()
  await dialogue.drained(pace.blockTimeout)
  pace.waited += Math.max(0, dialogue.clock.now() - before)
  const tooSlow = pace.waited > pace.blockTimeout && pace.octets < (SLOWEST_RATE * pace.waited) / 1000
  if (tooSlow) dialogue.close('timed out: the peer takes the message too slowly')
}

function wholeMessage(header: Buffer, body: Buffer): readonly Buffer[] {
  const before = positionAfter(header, atStart)
  return [stuff(header, atStart), stuff(body, before), closing(positionAfter(body, before))]
}
