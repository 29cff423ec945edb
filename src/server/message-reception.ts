// Receives the messages of one session, by DATA or by BDAT (RFC 3030). Both feed the same stream to the same hook, so what follows cannot
// differ. The octets of a refused chunk are read and dropped: the client sends them without waiting for a reply.

import type { Refusal, Reply } from '../smtp/reply.ts'
import { Arrivals } from './arrivals.ts'
import { type ArrivingMessage, FLOOD_FACTOR } from './arriving-message.ts'
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

/** With the arrivals, whose end and limits the session asks for. */
export class MessageReception<Resolution> {
  readonly arrivals: Arrivals<Resolution>
  readonly #ports: ReceptionPorts<Resolution>
  #smallChunks = 0

  constructor(ports: ReceptionPorts<Resolution>) {
    this.#ports = ports
    this.arrivals = new Arrivals(ports.dialogue, ports.end)
  }

  /** Sends 354 and receives a message by DATA. Null if the session closes. */
  receiveData(transaction: OpenTransaction<Resolution>, goAhead: Reply): Promise<Answer | null> {
    this.#ports.say(goAhead)
    const message = this.arrivals.open(transaction)
    this.#ports.readOctets(createDataFraming(), message, () => message.end())
    return this.#finish(message)
  }

  /** Receives or drops the chunk of a BDAT. Null if the session closes. */
  async receiveChunk(chunk: Chunk, reply: Reply): Promise<Answer | null> {
    const { transaction } = this.#ports.dialogue
    if (!transaction || reply.code >= 400) return this.#drop(chunk, reply)
    if (!transaction.message) this.#smallChunks = 0
    const message = transaction.message ?? this.arrivals.open(transaction)
    const { size } = this.arrivals
    if (message.octets + chunk.octets > size) {
      message.cut('too-large')
      return this.#drop(chunk, tooLarge(size))
    }
    await readChunk(this.#ports, chunk.octets, message)
    if (this.#ports.isClosing()) return null
    if (!chunk.last) return this.#received(chunk.octets, reply)
    message.end()
    return this.#finish(message)
  }

  async #finish(message: ArrivingMessage): Promise<Answer | null> {
    const { dialogue, isClosing, onAccepted, onLostReply } = this.#ports
    const reply = await this.arrivals.finalReply()
    this.arrivals.clear()
    endTransaction(dialogue)
    const isAccepted = reply.code < 400
    if (isClosing()) {
      if (message.complete && isAccepted) onLostReply()
      return null
    }
    if (isAccepted) onAccepted()
    return say(reply)
  }

  async #drop({ octets }: Chunk, reply: Reply): Promise<Answer | null> {
    const { dialogue, end, isClosing } = this.#ports
    endTransaction(dialogue)
    await this.arrivals.settled()
    const { size } = this.arrivals
    if (octets > size * FLOOD_FACTOR) end(tooLarge(size))
    if (isClosing()) return null
    await readChunk(this.#ports, octets, this.arrivals.openDropped())
    this.arrivals.clear()
    return isClosing() ? null : say(reply)
  }

  #received(octets: number, reply: Reply): Answer {
    if (octets >= SMALL_CHUNK) return say(reply)
    this.#smallChunks++
    return this.#smallChunks > FREE_SMALL_CHUNKS ? sayJunk(reply) : say(reply)
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
