// One mail transaction (RFC 5321 3.3): MAIL, RCPT for each recipient, DATA, the message. With PIPELINING the envelope and DATA go out
// in one write (RFC 2920 3.1). Each recipient gets the reply that was meant for it, LMTP's after the data included (RFC 2033 4.2).

import { isDeliveryError, checkReply } from './smtp-command.ts'
import { mailCommand, rcptCommand } from './envelope-commands.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import type { Extensions } from './extensions.ts'
import { checkCapabilities, type CapabilityCheck } from './peer-capabilities.ts'
import { sendData } from './send-data.ts'
import type {
  PeerReply,
  Phase,
  RecipientResult,
  TransportContent,
  TransportEnvelope,
  DeliveryError,
} from './transport.ts'
import type { Timeouts } from './transport-settings.ts'

export interface Channel {
  readonly dialogue: Dialogue
  readonly extensions: Extensions
  readonly timeouts: Timeouts
  readonly lmtp: boolean
  readonly verified: boolean
  /** A transaction was begun and not ended: the next one starts with RSET. */
  needsReset: boolean
}

/** Runs it; results in the order of the recipients. A connection that may not be used again is closed. */
export async function transact(
  channel: Channel,
  envelope: TransportEnvelope,
  content: TransportContent,
): Promise<RecipientResult[]> {
  const { extensions, verified } = channel
  const fitness = await checkCapabilities(envelope, content, { extensions, verified })
  if (fitness.message) return envelope.recipients.map(() => fitness.message as DeliveryError)
  const transaction = new Transaction(channel, envelope, fitness)
  if (transaction.waiting.length > 0) await transaction.run(content)
  return transaction.results()
}

const notReset: DeliveryError = { kind: 'lost', phase: 'mail', cause: 'the session could not be reset', silent: true }

class Transaction {
  readonly #channel: Channel
  readonly #envelope: TransportEnvelope
  readonly #fitness: CapabilityCheck
  readonly #results: (RecipientResult | null)[]
  #repliesSeen = 0

  constructor(channel: Channel, envelope: TransportEnvelope, fitness: CapabilityCheck) {
    this.#channel = channel
    this.#envelope = envelope
    this.#fitness = fitness
    this.#results = [...fitness.recipients]
  }

  /** Indices of recipients without a result. */
  get waiting(): number[] {
    return this.#results.flatMap((result, index) => (result === null ? [index] : []))
  }

  results(): RecipientResult[] {
    return this.#results as RecipientResult[]
  }

  async run(content: TransportContent): Promise<void> {
    // A word that nobody asked for would be taken for the answer to MAIL, and every later answer for the one before it.
    if (this.#channel.dialogue.hasUnread) return this.#endAll(this.#outOfStep())
    const trouble = this.#channel.extensions.pipelining ? await this.#envelopeAtOnce() : await this.#envelopeInTurn()
    if (trouble) return this.#endAll(trouble)
    if (this.waiting.length > 0) await this.#message(content)
  }

  /** Everything up to DATA in one write, then the replies in order. */
  async #envelopeAtOnce(): Promise<DeliveryError | null> {
    const { dialogue, needsReset } = this.#channel
    const recipients = this.waiting
    const lines = [needsReset ? 'RSET\r\n' : '', this.#mail(), ...recipients.map((i) => this.#rcpt(i)), 'DATA\r\n']
    dialogue.write(lines.join(''))
    if (needsReset && !(await this.#isReset())) return notReset
    const mail = await this.#ask('mail')
    if (isDeliveryError(mail)) return this.#drainPipeline(mail, recipients.length)
    this.#channel.needsReset = true
    for (const index of recipients) await this.#takeRcpt(index)
    const data = await this.#ask('data')
    if (this.waiting.length > 0) return isDeliveryError(data) ? data : null
    if (!isDeliveryError(data)) await this.#emptyMessage()
    return null
  }

  async #envelopeInTurn(): Promise<DeliveryError | null> {
    const { dialogue } = this.#channel
    if (this.#channel.needsReset) {
      dialogue.write('RSET\r\n')
      if (!(await this.#isReset())) return notReset
    }
    dialogue.write(this.#mail())
    const mail = await this.#ask('mail')
    if (isDeliveryError(mail)) return mail
    this.#channel.needsReset = true
    for (const index of this.waiting) {
      const early = this.#unasked('rcpt')
      if (early) return early
      dialogue.write(this.#rcpt(index))
      await this.#takeRcpt(index)
    }
    if (this.waiting.length === 0) return null
    const early = this.#unasked('data')
    if (early) return early
    dialogue.write('DATA\r\n')
    const data = await this.#ask('data')
    return isDeliveryError(data) ? data : null
  }

  /** The same in the middle: one recipient would bounce for another. That the peer closes (421) it may say at any time (RFC 5321 3.8). */
  #unasked(phase: Phase): DeliveryError | null {
    const { dialogue } = this.#channel
    const said = dialogue.peekReply()
    if (!dialogue.hasUnread || (said?.kind === 'reply' && said.reply.code === 421)) return null
    dialogue.close('unasked reply')
    return { kind: 'protocol-error', phase, cause: 'the server spoke without being asked' }
  }

  #outOfStep(): DeliveryError {
    this.#channel.dialogue.close('unasked reply')
    return { kind: 'lost', phase: 'mail', cause: 'the server spoke without being asked', silent: true }
  }

  /** A session that cannot be reset is of no more use; nothing of this mail was taken yet. */
  async #isReset(): Promise<boolean> {
    const reply = await this.#ask('mail')
    this.#repliesSeen = 0
    if (isDeliveryError(reply)) this.#channel.dialogue.close('RSET failed')
    return !isDeliveryError(reply)
  }

  /** MAIL was refused, but RCPTs and DATA are under way: their replies have to be read before anything else can be said. */
  async #drainPipeline(mail: DeliveryError, recipients: number): Promise<DeliveryError> {
    if (mail.kind !== 'refused') return mail
    for (let i = 0; i < recipients; i++) await this.#ask('rcpt')
    const data = await this.#ask('data')
    // A peer that takes the data of a refused sender cannot be told anything sensible any more.
    if (!isDeliveryError(data)) this.#channel.dialogue.close('DATA accepted after a refused MAIL')
    return mail
  }

  /** RFC 2920 3.1: the peer took DATA although it refused every recipient; a lone dot ends that. */
  async #emptyMessage(): Promise<void> {
    this.#channel.dialogue.write('.\r\n')
    await this.#ask('dot')
    this.#channel.needsReset = false
  }

  async #takeRcpt(index: number): Promise<void> {
    const reply = await this.#ask('rcpt')
    if (isDeliveryError(reply)) this.#results[index] = reply
  }

  async #message(content: TransportContent): Promise<void> {
    const { dialogue, timeouts, lmtp } = this.#channel
    // What is here already cannot be the answer to data that was not sent yet.
    if (dialogue.peekReply()) return this.#endAll(await this.#earlyEnd())
    const sent = await sendData(dialogue, content, timeouts.block)
    if (sent.kind === 'unreadable') {
      dialogue.close('message could not be read')
      return this.#endAll(sent)
    }
    if (sent.kind === 'interrupted') return this.#endAll(await this.#earlyEnd())
    for (const index of lmtp ? this.waiting : [-1]) {
      const reply = await this.#ask('dot')
      const result: RecipientResult = isDeliveryError(reply) ? reply : { kind: 'accepted', reply }
      if (index < 0) this.#endAll(result)
      else this.#results[index] = result
    }
    this.#channel.needsReset = false
  }

  /** The peer answered or left while we were still sending: a refusal counts, a yes cannot be meant for the whole message. */
  async #earlyEnd(): Promise<DeliveryError> {
    const answer = await this.#ask('body')
    this.#channel.dialogue.close('peer spoke before the end of the data')
    return isDeliveryError(answer)
      ? answer
      : { kind: 'protocol-error', phase: 'body', cause: `reply before the end of the data: ${answer.verbatim}` }
  }

  async #ask(phase: Phase): Promise<PeerReply | DeliveryError> {
    const { dialogue } = this.#channel
    const expect = phase === 'data' ? 3 : 2
    const answer = checkReply(dialogue, { phase, expect }, await dialogue.nextReply(this.#timeout(phase)))
    if (!isDeliveryError(answer)) {
      this.#repliesSeen++
      return answer
    }
    if (answer.kind === 'lost') return { ...answer, silent: this.#repliesSeen === 0 }
    if (answer.kind !== 'refused') return answer
    this.#repliesSeen++
    // RFC 5321 3.8: after 421 the peer closes; nothing that follows can be relied on.
    if (answer.reply.code === 421) dialogue.close('peer is shutting down')
    return answer
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
    return mailCommand(this.#envelope, this.#fitness.traits, this.#channel.extensions)
  }

  #rcpt(index: number): string {
    const recipient = this.#envelope.recipients[index]
    return recipient ? rcptCommand(recipient, this.#channel.extensions, this.#fitness.traits.utf8) : ''
  }

  #endAll(result: RecipientResult): void {
    for (const index of this.waiting) this.#results[index] = result
  }
}
