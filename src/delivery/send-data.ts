// Sends header and body after the 354. Small mails leave in one write; large ones are streamed at the peer's pace. If anything
// breaks on the way the final dot must never be sent: half a mail would count as a whole one.

import type { Dialogue } from './dialogue.ts'
import { atStart, closing, type Position, positionAfter, stuff } from './dot-stuffing.ts'
import type { TransportContent } from './transport.ts'

export type DataSent =
  | { readonly kind: 'sent' }
  /** The peer spoke or left before the end: its reply (or the loss) is the answer to the data. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** @param blockTimeout ms for one block to leave our buffer (RFC 5321 4.5.3.2.5) */
export async function sendData(dialogue: Dialogue, content: TransportContent, blockTimeout: number): Promise<DataSent> {
  if (content.inline !== null) {
    dialogue.write(wholeMessage(content.header, content.inline))
    return { kind: 'sent' }
  }
  let position = positionAfter(content.header, atStart)
  dialogue.write(stuff(content.header, atStart))
  const stream = content.open()
  try {
    for await (const chunk of stream) {
      position = await sendChunk(dialogue, chunk as Buffer, { position, blockTimeout })
      if (dialogue.peek()) return { kind: 'interrupted' }
    }
  } catch (error) {
    return { kind: 'unreadable', cause: error instanceof Error ? error.message : String(error) }
  } finally {
    stream.destroy()
  }
  dialogue.write(closing(position))
  return { kind: 'sent' }
}

async function sendChunk(
  dialogue: Dialogue,
  chunk: Buffer,
  state: { readonly position: Position; readonly blockTimeout: number },
): Promise<Position> {
  if (!dialogue.write(stuff(chunk, state.position))) await dialogue.drained(state.blockTimeout)
  return positionAfter(chunk, state.position)
}

function wholeMessage(header: Buffer, body: Buffer): Buffer {
  const before = positionAfter(header, atStart)
  return Buffer.concat([stuff(header, atStart), stuff(body, before), closing(positionAfter(body, before))])
}
