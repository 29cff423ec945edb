// One mail transaction (RFC 5321 section 3.3): MAIL, RCPT for each recipient, DATA, the message. With PIPELINING the envelope and DATA
// are written at once (RFC 2920 section 3.1). Each recipient gets its own reply, also after the data in LMTP (RFC 2033 section 4.2).

import { type CapabilityCheck, checkCapabilities } from './peer-capabilities.ts'
import { mailCommand, rcptCommand } from './envelope-commands.ts'
import type { Extensions } from './extensions.ts'
import { sendData } from './send-data.ts'
import { checkReply, isDeliveryError } from './smtp-command.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import type { Timeouts } from './transport-settings.ts'
import type {
  DeliveryError,
  PeerReply,
  Phase,
  RecipientResult,
  TransportContent,
  TransportEnvelope,
} from './transport.ts'

export interface Channel {
  readonly dialogue: Dialogue
  readonly extensions: Extensions
  readonly timeouts: Timeouts
  readonly lmtp: boolean
  /** The certificate of the peer is verified for a name that is configured, or that DNSSEC proves. */
  readonly verified: boolean
  /** A transaction was started and not finished: the next one starts with RSET. */
  needsReset: boolean
}

/** Runs the transaction; results in the order of the recipients. Closes a connection that cannot be used again. */
export async function transact(
  channel: Channel,
  envelope: TransportEnvelope,
  content: TransportContent,
): Promise<RecipientResult[]> {
  const { extensions, verified } = channel
  const check = await checkCapabilities(envelope, content, { extensions, verified })
  if (check.message) return envelope.recipients.map(() => check.message as DeliveryError)
  const transaction = new Transaction(channel, envelope, check)
  if (transaction.pending.length > 0) await transaction.run(content)
  return transaction.results()
}

const notReset: DeliveryError = { kind: 'lost', phase: 'mail', cause: 'RSET failed', silent: true }

/** Ms for each further reply to the data in LMTP. */
const FURTHER_REPLY_MS = 10_000

const UNSOLICITED = 'the server sent a reply without a command'

class Transaction {
  readonly #channel: Channel
  readonly #envelope: TransportEnvelope
  readonly #check: CapabilityCheck
  readonly #results: (RecipientResult | null)[]
  #repliesSeen = 0

  constructor(channel: Channel, envelope: TransportEnvelope, check: CapabilityCheck) {
    this.#channel = channel
    this.#envelope = envelope
    this.#check = check
    this.#results = [...check.recipients]
  }

  /** Indices of the recipients without a result. */
  get pending(): number[] {
    return this.#results.flatMap((result, index) => (result === null ? [index] : []))
  }

  results(): RecipientResult[] {
    return this.#results as RecipientResult[]
  }

  async run(content: TransportContent): Promise<void> {
    // An unsolicited reply would count as the reply to MAIL, and every later reply as that to the command before it.
    if (this.#channel.dialogue.hasUnread) return this.#endAll(this.#outOfStep())
    const error = this.#channel.extensions.pipelining ? await this.#sendPipelined() : await this.#sendInTurn()
    if (error) return this.#endAll(error)
    if (this.pending.length > 0) await this.#sendMessage(content)
  }

  /** Writes everything up to DATA at once, then reads the replies in order. */
  async #sendPipelined(): Promise<DeliveryError | null> {
    const { dialogue, needsReset } = this.#channel
    const recipients = this.pending
    const lines = [needsReset ? 'RSET\r\n' : '', this.#mail(), ...recipients.map((i) => this.#rcpt(i)), 'DATA\r\n']
    dialogue.write(lines.join(''))
    if (needsReset && !(await this.#isReset())) return notReset
    const mail = await this.#readReply('mail')
    if (isDeliveryError(mail)) return this.#drainPipeline(mail, recipients.length)
    this.#channel.needsReset = true
    for (const index of recipients) await this.#readRcptReply(index)
    const data = await this.#readReply('data')
    if (this.pending.length > 0) return isDeliveryError(data) ? data : null
    if (!isDeliveryError(data)) await this.#sendEmptyMessage()
    return null
  }

  async #sendInTurn(): Promise<DeliveryError | null> {
    const { dialogue } = this.#channel
    if (this.#channel.needsReset) {
      dialogue.write('RSET\r\n')
      if (!(await this.#isReset())) return notReset
    }
    dialogue.write(this.#mail())
    const mail = await this.#readReply('mail')
    if (isDeliveryError(mail)) return mail
    this.#channel.needsReset = true
    for (const index of this.pending) {
      const unsolicited = this.#unsolicitedReply('rcpt')
      if (unsolicited) return unsolicited
      dialogue.write(this.#rcpt(index))
      await this.#readRcptReply(index)
    }
    if (this.pending.length === 0) return null
    const unsolicited = this.#unsolicitedReply('data')
    if (unsolicited) return unsolicited
    dialogue.write('DATA\r\n')
    const data = await this.#readReply('data')
    return isDeliveryError(data) ? data : null
  }

  /** With an unsolicited reply, one recipient would bounce for another. A 421 may come at any time (RFC 5321 section 3.8). */
  #unsolicitedReply(phase: Phase): DeliveryError | null {
    const { dialogue } = this.#channel
    const event = dialogue.peekReply()
    if (!dialogue.hasUnread || (event?.kind === 'reply' && event.reply.code === 421)) return null
    dialogue.close('unsolicited reply')
    return { kind: 'protocol-error', phase, cause: UNSOLICITED }
  }

  #outOfStep(): DeliveryError {
    this.#channel.dialogue.close('unsolicited reply')
    return { kind: 'lost', phase: 'mail', cause: UNSOLICITED, silent: true }
  }

  /** False closes the session. Nothing of this message was accepted yet. */
  async #isReset(): Promise<boolean> {
    const reply = await this.#readReply('mail')
    this.#repliesSeen = 0
    if (isDeliveryError(reply)) this.#channel.dialogue.close('RSET failed')
    return !isDeliveryError(reply)
  }

  /** MAIL was refused. The replies to the pipelined RCPT and DATA are read before the next command. */
  async #drainPipeline(mail: DeliveryError, recipients: number): Promise<DeliveryError> {
    if (mail.kind !== 'refused') return mail
    for (let i = 0; i < recipients; i++) await this.#readReply('rcpt')
    const data = await this.#readReply('data')
    if (!isDeliveryError(data)) this.#channel.dialogue.close('DATA accepted after MAIL was refused')
    return mail
  }

  /** RFC 2920 section 3.1: the peer accepted DATA although it refused every recipient. A single dot ends the data. */
  async #sendEmptyMessage(): Promise<void> {
    this.#channel.dialogue.write('.\r\n')
    await this.#readReply('dot')
    this.#channel.needsReset = false
  }

  async #readRcptReply(index: number): Promise<void> {
    const reply = await this.#readReply('rcpt')
    if (isDeliveryError(reply)) this.#results[index] = reply
  }

  async #sendMessage(content: TransportContent): Promise<void> {
    const { dialogue, timeouts, lmtp } = this.#channel
    // A reply that is already here cannot answer data that was not sent yet.
    if (dialogue.peekReply()) return this.#endAll(await this.#earlyReply())
    // The data have a least rate (send-data.ts). A client that gives up while the peer commits sends a duplicate.
    dialogue.endAt(Number.POSITIVE_INFINITY)
    const sent = await sendData(dialogue, content, timeouts.block)
    if (sent.kind === 'unreadable') {
      dialogue.close('the message could not be read')
      return this.#endAll(sent)
    }
    if (sent.kind === 'interrupted') return this.#endAll(await this.#earlyReply())
    dialogue.endAt(this.#endOfReplies())
    for (const index of lmtp ? this.pending : [-1]) {
      const reply = await this.#readReply('dot')
      const result: RecipientResult = isDeliveryError(reply) ? reply : { kind: 'accepted', reply }
      if (index < 0) this.#endAll(result)
      else this.#results[index] = result
    }
    this.#channel.needsReset = false
  }

  /** An LMTP server must not take the time of one reply for each of fifty. Monotonic ms. */
  #endOfReplies(): number {
    const { dialogue, timeouts } = this.#channel
    return dialogue.clock.monotonic() + timeouts.finalDot + (this.pending.length - 1) * FURTHER_REPLY_MS
  }

  /** The peer replied or closed before the end of the data: a refusal counts, a positive reply cannot mean the whole message. */
  async #earlyReply(): Promise<DeliveryError> {
    const reply = await this.#readReply('body')
    this.#channel.dialogue.close('reply before the end of the data')
    return isDeliveryError(reply)
      ? reply
      : { kind: 'protocol-error', phase: 'body', cause: `reply before the end of the data: ${reply.verbatim}` }
  }

  async #readReply(phase: Phase): Promise<PeerReply | DeliveryError> {
    const { dialogue } = this.#channel
    const expect = phase === 'data' ? 3 : 2
    const reply = checkReply(dialogue, { phase, expect }, await dialogue.nextReply(this.#timeout(phase)))
    if (!isDeliveryError(reply)) {
      this.#repliesSeen++
      return reply
    }
    if (reply.kind === 'lost') return { ...reply, silent: this.#repliesSeen === 0 }
    if (reply.kind !== 'refused') return reply
    this.#repliesSeen++
    // RFC 5321 section 3.8: the peer closes after 421, so later replies would not be reliable.
    if (reply.reply.code === 421) dialogue.close('the peer replied 421')
    return reply
  }

  #timeout(phase: Phase): number {
    const { timeouts } = this.#channel
    switch (phase) {
      case 'mail':
        return timeouts.mail
      case 'rcpt':
        return timeouts.rcpt
      case 'data':
        return timeouts.data
      default:
        return timeouts.finalDot
    }
  }

  #mail(): string {
    return mailCommand(this.#envelope, this.#check.traits, this.#channel.extensions)
  }

  #rcpt(index: number): string {
    const recipient = this.#envelope.recipients[index]
    return recipient ? rcptCommand(recipient, this.#channel.extensions, this.#check.traits.utf8) : ''
  }

  #endAll(result: RecipientResult): void {
    for (const index of this.pending) this.#results[index] = result
  }
}
