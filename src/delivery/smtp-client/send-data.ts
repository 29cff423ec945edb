// Sends header and body after the 354. A small message is one write; a large one is streamed as fast as the peer reads. After an error the
// final dot must not be sent: half a message would count as a whole one.

import { errorText } from '../../lib/log.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import { atStart, closing, positionAfter, stuff } from './dot-stuffing.ts'
import type { TransportContent } from './transport.ts'

export type DataSent =
  | { readonly kind: 'sent' }
  /** The peer replied or closed before the end of the data: the caller reads the reply. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'unreadable'; readonly cause: string }

/**
 * Octets a second that a peer must read on average (Postfix: smtp_min_data_rate), counted after it delayed the node by the time-out of
 * one block. A peer that reads a block just before each time-out could hold the connection for days.
 */
const SLOWEST_RATE = 500

/** Smaller bodies are copied into one piece with the header, which costs less than a list of pieces for the kernel. */
const COPIED_OCTETS = 16_384

/** The part of a dialogue that sends data. */
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
    return { kind: 'unreadable', cause: errorText(error) }
  } finally {
    stream.destroy()
  }
  dialogue.write(closing(position))
  return { kind: 'sent' }
}

interface Pace {
  octets: number
  /** Ms that the peer delayed the node, without the time to read the message from the disk. */
  waited: number
  readonly blockTimeout: number
}

async function sendChunk(dialogue: DataLine, octets: Buffer, pace: Pace): Promise<void> {
  pace.octets += octets.length
  if (dialogue.write(octets)) return
  const before = dialogue.clock.monotonic()
  await dialogue.drained(pace.blockTimeout)
  pace.waited += dialogue.clock.monotonic() - before
  const tooSlow = pace.waited > pace.blockTimeout && pace.octets < (SLOWEST_RATE * pace.waited) / 1000
  if (tooSlow) dialogue.close('timed out: the peer reads the message too slowly')
}

function wholeMessage(header: Buffer, body: Buffer): readonly Buffer[] {
  const before = positionAfter(header, atStart)
  return [stuff(header, atStart), stuff(body, before), closing(positionAfter(body, before))]
}
