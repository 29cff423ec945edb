// Receives the messages of one session, by DATA or by BDAT (RFC 3030). Both feed the same stream to the same hook, so what follows cannot
// differ. The octets of a refused chunk are read and dropped: the client sends them without waiting for a reply.

import type { Refusal, Reply } from '../smtp/reply.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import type { ArrivingMessage } from './arriving-message.ts'
import { createChunkFraming } from './chunk-framing.ts'
import type { OctetTarget } from './command-stream.ts'
import { createDataFraming } from './data-framing.ts'
import type { OctetFraming } from './octet-framing.ts'
import { tooLarge } from './server-replies.ts'
import {
  type Answer,
  type Chunk,
  type Dialogue,
  endTransaction,
  type OpenTransaction,
  say,
  sayJunk,
} from './session-dialogue.ts'

/** Octets of a chunk that makes progress: less costs more for the command than for the content. */
const SMALL_CHUNK = 1024
/** Small chunks of one message that are free: a client may send each line of a text as a chunk. More of them are junk commands. */
const FREE_SMALL_CHUNKS = 1000

export interface ReceptionPorts<Resolution> {
  readonly dialogue: Dialogue<Resolution>
  /** Sends a reply at once. */
  readonly say: (reply: Reply) => void
  /** Lets the parser pass what follows the command to a target (command-stream.ts). */
  readonly readOctets: (framing: OctetFraming, target: OctetTarget, onEnd: () => void) => void
  /** Sends a last reply and closes. */
  readonly end: (reply: Refusal) => void
  readonly isClosing: () => boolean
  /** A message was accepted. */
  readonly onAccepted: () => void
  /** A message is committed, and the client does not get the reply: it will send the message again. */
  readonly onLostReply: () => void
}

export interface MessageReception<Resolution> extends Pick<Arrivals<Resolution>, 'settled' | 'cut' | 'tooSlow'> {
  /** Sends 354 and receives a message by DATA. Null if the session closes. */
  receiveData(transaction: OpenTransaction<Resolution>, goAhead: Reply): Promise<Answer | null>
  /** Receives or drops the chunk of a BDAT. Null if the session closes. */
  receiveChunk(chunk: Chunk, reply: Reply): Promise<Answer | null>
}

export function createMessageReception<Resolution>(ports: ReceptionPorts<Resolution>): MessageReception<Resolution> {
  const { dialogue } = ports
  const arrivals = createArrivals(dialogue, ports.end)
  let smallChunks = 0
  const finish = async (message: ArrivingMessage): Promise<Answer | null> => {
    const reply = await arrivals.finalReply()
    arrivals.clear()
    endTransaction(dialogue)
    const isAccepted = reply.code < 400
    if (ports.isClosing()) {
      if (message.complete() && isAccepted) ports.onLostReply()
      return null
    }
    if (isAccepted) ports.onAccepted()
    return say(reply)
  }
  const drop = async ({ octets }: Chunk, reply: Reply): Promise<Answer | null> => {
    endTransaction(dialogue)
    await arrivals.settled()
    const { size, flood } = arrivals.limits()
    if (octets > flood) ports.end(tooLarge(size))
    if (ports.isClosing()) return null
    await readChunk(ports, octets, arrivals.openDropped())
    arrivals.clear()
    return ports.isClosing() ? null : say(reply)
  }
  const received = (octets: number, reply: Reply): Answer => {
    if (octets >= SMALL_CHUNK) return say(reply)
    smallChunks++
    return smallChunks > FREE_SMALL_CHUNKS ? sayJunk(reply) : say(reply)
  }
  return {
    receiveData: async (transaction, goAhead) => {
      ports.say(goAhead)
      const message = arrivals.open(transaction)
      ports.readOctets(createDataFraming(), message, message.end)
      return finish(message)
    },
    receiveChunk: async (chunk, reply) => {
      const { transaction } = dialogue
      if (!transaction || reply.code >= 400) return drop(chunk, reply)
      if (!transaction.message) smallChunks = 0
      const message = transaction.message ?? arrivals.open(transaction)
      const { size } = arrivals.limits()
      if (message.octets + chunk.octets > size) {
        message.cut('too-large')
        return drop(chunk, tooLarge(size))
      }
      await readChunk(ports, chunk.octets, message)
      if (ports.isClosing()) return null
      if (!chunk.last) return received(chunk.octets, reply)
      message.end()
      return finish(message)
    },
    settled: () => arrivals.settled(),
    cut: (kind) => arrivals.cut(kind),
    tooSlow: (pressure, isServersTurn) => arrivals.tooSlow(pressure, isServersTurn),
  }
}

/** Reads a chunk and waits until its target takes more. */
async function readChunk(
  { readOctets }: Pick<ReceptionPorts<unknown>, 'readOctets'>,
  octets: number,
  target: ArrivingMessage,
): Promise<void> {
  if (octets === 0) return
  const { promise, resolve } = Promise.withResolvers<void>()
  readOctets(createChunkFraming(octets), target, resolve)
  await Promise.race([promise, target.over])
  await new Promise<void>((ready) => target.whenReady(ready))
}
