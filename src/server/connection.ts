// One connection: our own dialogue on the socket, parser and TLS upgrade of smtp-server. With session-connection.ts and
// socket-connection.ts, this class overrides every method in which smtp-server would reply or decide (docs/decisions/0013-smtp-server.md).

import { TLSSocket } from 'node:tls'
import type { Refusal } from '../smtp/reply.ts'
import { admit } from './admit.ts'
import { becomeClient } from './become-client.ts'
import type { CommandStream } from './command-stream.ts'
import { answerTo } from './commands/dispatch.ts'
import type { NamedClient } from './commands/xclient-attributes.ts'
import { endlessLine, talksTooSoon, tooManyErrors } from './server-replies.ts'
import { SessionConnection } from './session-connection.ts'
import type { Answer } from './session-dialogue.ts'
import { reasonToEnd } from './session-expiry.ts'
import type { Refused, SessionPlace } from './session-places.ts'
import { forgetPlaintext } from './session-record.ts'
import { tlsFacts } from './tls-facts.ts'

export class MailConnection<Resolution> extends SessionConnection<Resolution> {
  #greeted = false
  #heldLine: { readonly line: Buffer; readonly release: () => void } | null = null

  // ---- greeting ----

  /** Replaces smtp-server's greeting, which has a fixed delay and a PTR look-up. */
  override init(): void {
    this.stayHalfOpen(this._socket)
    this._setListeners(() => this.run(this.#greet()))
  }

  async #greet(): Promise<void> {
    const { clock, limits, settings, hostname } = this.context
    const silence = settings.greetAtOnce ? null : clock.sleep(limits.greetingMs)
    if (!(await this.#admit('connect'))) return
    if (this._socket instanceof TLSSocket) {
      this.record.tls = tlsFacts(this._socket)
      if (!(await this.#admit('secured'))) return
    }
    await silence
    if (this.closing) return
    const early = this.#heldLine !== null || (this._parser as CommandStream).holdsInput
    if (early && !settings.greetAtOnce) return this.end(talksTooSoon)
    this.writer.write(`220 ${hostname} ESMTP\r\n`)
    this.#beginReading()
  }

  /** The greeting is sent. */
  #beginReading(): void {
    this.#greeted = true
    this.timing.give('client')
    const held = this.#heldLine
    this.#heldLine = null
    if (held) this._onCommand(held.line, held.release)
  }

  protected override inputEnded(): void {
    this.timing.inputEnded()
  }

  /** False if the client is refused. */
  async #admit(hook: 'connect' | 'secured'): Promise<boolean> {
    const refused = await admit(this.context, this.record, hook)
    if (!refused) this.#keepPlace()
    else if (this.stay.isAllowed(refused)) this.#refuse(refused)
    else this.end(refused)
    return !this.closing && refused === null
  }

  #refuse(reply: Refusal): void {
    if (this.closing) return
    this.notice(reply.cause)
    if (this.#greeted) return this.stay.begin(reply)
    this.stay.begin()
    this.say(reply)
    this.#beginReading()
  }

  #keepPlace(): void {
    const refused = this.place.keep(this.dialogue)
    if (refused) this.end(refused)
  }

  protected override async become(client: NamedClient, place: SessionPlace | Refused): Promise<Refusal | null> {
    const noPlace = this.place.replace(place)
    if (noPlace) return noPlace
    const refused = await becomeClient(this.dialogue, client)
    if (refused && this.stay.isAllowed(refused)) this.stay.begin()
    return refused
  }

  // ---- commands ----

  protected override lineTooLong(): void {
    this.end(endlessLine)
  }

  /** Receives the client's lines one at a time: `release` lets the parser continue. */
  override _onCommand(line: Buffer, release: () => void = () => {}): void {
    // Plaintext received before the handshake is dropped without a reply (RFC 3207 4.2, command injection).
    if (this._upgrading) return release()
    if (this.closing) return
    if (!this.#greeted) {
      this.#heldLine = { line, release }
      if (!this.context.settings.greetAtOnce) this.end(talksTooSoon)
      return
    }
    this.release = release
    this.timing.give('server')
    const awaiting = this.awaitingLine
    if (awaiting) {
      this.awaitingLine = null
      return awaiting(line)
    }
    const ended = reasonToEnd(this.dialogue)
    if (ended) return this.end(ended)
    this.run(this.#execute(line))
  }

  async #execute(line: Buffer): Promise<void> {
    const command = await answerTo(this.dialogue, line)
    const settling = this.reception.arrivals.settled()
    if (settling) await settling
    if (!this.closing) this.#keepPlace()
    if (this.closing) return
    const answer = await this.#receive(command)
    if (!answer || !(await this.#respond(answer))) return
    if (answer.next === 'close' || answer.reply.code === 421) return this.close()
    if (answer.next === 'tls') return this.#startTls()
    const hasReceived = answer !== command
    const ended = hasReceived ? reasonToEnd(this.dialogue) : null
    if (ended) return this.end(ended)
    this.#readNext()
  }

  /** Reads what belongs to the command. Null if the session closes. */
  #receive(command: Answer): Promise<Answer | null> | Answer {
    const { transaction } = this.dialogue
    if (command.next === 'data' && transaction) return this.reception.receiveData(transaction, command.reply)
    if (command.chunk && transaction) this.timing.give('data')
    return command.chunk ? this.reception.receiveChunk(command.chunk, command.reply) : command
  }

  /** Sends the reply, delayed after many errors (error-count.ts). False if the session has ended. */
  async #respond(answer: Answer): Promise<boolean> {
    const penalty = this.errors.charge(answer, this.record.origin)
    if (penalty === 'close') {
      this.end(tooManyErrors)
      return false
    }
    if (penalty > 0) await this.context.clock.sleep(penalty)
    if (this.closing) return false
    this.say(answer.reply)
    return true
  }

  #readNext(): void {
    this.timing.give('client')
    this._whenWritable(this.release)
  }

  protected override challenge(text: string): Promise<Buffer | null> {
    if (this.closing) return Promise.resolve(null)
    const { promise, resolve } = Promise.withResolvers<Buffer | null>()
    this.awaitingLine = resolve
    this.writer.write(`334 ${text}\r\n`)
    this.#readNext()
    return promise
  }

  // ---- TLS ----

  protected override tlsAvailable(): boolean {
    const { tls } = this.context.settings
    return this.record.tls === null && (tls === 'starttls' || tls === 'starttls-required')
  }

  #startTls(): void {
    // The 220 must leave before the handshake uses the socket.
    this.writer.flush()
    this.timing.give('handshake')
    this._socket.allowHalfOpen = false
    // What follows the command is dropped with this parser (RFC 3207 4.2); what follows the 220 is the handshake.
    if (this._parser) this._socket.unpipe(this._parser)
    this.actions.withCertificates(this._socket, () => {
      if (!this.closing) this.upgrade(this.release)
    })
  }

  /** mail-server.ts calls this after STARTTLS; `proceed` connects the parser. */
  onTlsUp(socket: TLSSocket, proceed: () => void): void {
    this.run(this.#secure(socket, proceed))
  }

  async #secure(socket: TLSSocket, proceed: () => void): Promise<void> {
    this.handshakeEnded()
    this.stayHalfOpen(socket)
    this.timing.give('server')
    forgetPlaintext(this.record)
    this.record.tls = tlsFacts(socket)
    await this.#admit('secured')
    if (this.closing) return
    this.timing.give('client')
    proceed()
  }
}
