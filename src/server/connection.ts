// One connection: smtp-server's socket, parser and TLS upgrade, with our own dialogue on top. Everything that smtp-server would
// say or decide by itself is overridden here; what is used of it is pinned by connection-contract.test.ts.

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { plainAddress } from '../lib/ip-address.ts'
import { type Refusal, type Reply, unforeseen } from '../smtp/reply.ts'
import { admit } from './admit.ts'
import { CommandStream } from './command-stream.ts'
import { dispatch } from './commands/dispatch.ts'
import type { ListenerContext } from './context.ts'
import { type DataPhase, openDataPhase } from './data-phase.ts'
import { type Answer, type Dialogue, type OpenTransaction, say } from './session-dialogue.ts'
import { createErrorCount, type ErrorCount } from './error-count.ts'
import type { InterruptionKind } from './interruption.ts'
import { messageSizeOf } from './message-size.ts'
import {
  endlessLine,
  sessionTooLong,
  shuttingDown,
  talksTooSoon,
  timedOut,
  tooLarge,
  tooManyErrors,
} from './server-replies.ts'
import { tooSlow as tooSlowReply } from './server-replies.ts'
import { receiveMessage } from './receive-message.ts'
import { replyLines } from './reply-lines.ts'
import { createReplyWriter, type ReplyWriter } from './reply-writer.ts'
import { forgetPlaintext, newSession, type SessionRecord } from './session-record.ts'
import { tlsFacts } from './tls-facts.ts'

/** Whose turn it is; the sweep's limits depend on it. */
type Turn = 'ours' | 'client' | 'handshake' | 'data'

type Server = ConstructorParameters<typeof SMTPConnection>[0]

export class MailConnection extends SMTPConnection {
  readonly record: SessionRecord
  readonly #context: ListenerContext
  readonly #dialogue: Dialogue
  readonly #errors: ErrorCount
  readonly #leave: () => void
  readonly #writer: ReplyWriter
  #turn: Turn = 'ours'
  #turnSince: number
  #greeted = false
  #announced = false
  #ended = false
  #release: () => void = () => {}
  #awaitingLine: ((line: Buffer | null) => void) | null = null
  #heldLine: { readonly line: Buffer; readonly release: () => void } | null = null
  #data: DataPhase | null = null
  /** The TLS socket while its handshake runs on top of the plain one: it is the one that may be destroyed. */
  #topSocket: Socket | null = null

  constructor(
    server: Server,
    socket: Socket,
    at: { readonly options: SMTPConnectionOptions; readonly context: ListenerContext; readonly leave: () => void },
  ) {
    super(server, socket, at.options)
    this.#context = at.context
    this.#leave = at.leave
    this.#writer = createReplyWriter(() => (this._upgrading || this.#gone ? null : this._socket))
    const now = at.context.clock.now()
    this.#turnSince = now
    this.record = newSession({
      id: this.id,
      listener: at.context.settings.name,
      remoteIp: plainAddress(socket.remoteAddress ?? ''),
      connectedAt: now,
    })
    this.#errors = createErrorCount(at.context.limits)
    this.#dialogue = {
      context: at.context,
      session: this.record,
      transaction: null,
      failedAuth: 0,
      tlsAvailable: () => this.#tlsAvailable(),
      challenge: (text) => this.#challenge(text),
    }
  }

  // ---- the beginning ----

  /** Replaces smtp-server's greeting with its fixed delay and its own PTR look-up. */
  override init(): void {
    this._setListeners(() => this.#run(this.#greet()))
  }

  async #greet(): Promise<void> {
    const { clock, limits, settings, hostname } = this.#context
    const silence = settings.greetAtOnce ? null : clock.sleep(limits.greetingMs)
    this.#announced = true
    if (!(await this.#admit('connect'))) return
    if (this._socket instanceof TLSSocket) {
      this.record.tls = tlsFacts(this._socket)
      if (!(await this.#admit('secured'))) return
    }
    await silence
    if (this.#gone) return
    const early = this.#heldLine !== null || (this._parser as CommandStream).holdsInput
    if (early && !settings.greetAtOnce) return this.#end(talksTooSoon)
    this.#greeted = true
    this.#writer.write(`220 ${hostname} ESMTP\r\n`)
    this.#giveTurn('client')
    const held = this.#heldLine
    this.#heldLine = null
    if (held) this._onCommand(held.line, held.release)
  }

  /** False if the session is over. */
  async #admit(where: 'connect' | 'secured'): Promise<boolean> {
    const refused = await admit(this.#context, this.record, where)
    if (refused) this.#end(refused)
    return !this.#gone
  }

  // ---- commands ----

  override _createParser(): CommandStream {
    const parser = new CommandStream({ maxCommandLength: this._server.options.maxCommandLength })
    parser.oncommand = (line, release) => this._onCommand(line, release)
    parser.on('error', () => this.#end(endlessLine))
    return parser
  }

  /** Every line of the client, one at a time: `release` lets the parser go on. */
  override _onCommand(line: Buffer, release: () => void = () => {}): void {
    // Plaintext from before the handshake is dropped unanswered (RFC 3207 4.2, command injection).
    if (this._upgrading) return release()
    if (this.#gone) return
    if (!this.#greeted) {
      this.#heldLine = { line, release }
      if (!this.#context.settings.greetAtOnce) this.#end(talksTooSoon)
      return
    }
    this.#release = release
    this.#giveTurn('ours')
    const awaiting = this.#awaitingLine
    if (awaiting) {
      this.#awaitingLine = null
      return awaiting(line)
    }
    if (this.#context.draining() && !this.#dialogue.transaction) return this.#end(shuttingDown)
    this.#run(this.#execute(line))
  }

  async #execute(line: Buffer): Promise<void> {
    const answer = await this.#answerTo(line)
    if (this.#gone) return
    const transaction = this.#dialogue.transaction
    if (answer.next === 'data' && transaction) return this.#receive(transaction, answer.reply)
    if (!(await this.#respond(answer))) return
    if (answer.next === 'close' || answer.reply.code === 421) return this.close()
    if (answer.next === 'tls') return this.#startTls()
    this.#readOn()
  }

  async #answerTo(line: Buffer): Promise<Answer> {
    try {
      return await dispatch(this.#dialogue, line)
    } catch (error) {
      this.#context.log.bug('dispatch', error, { session: this.id })
      return say(unforeseen(error))
    }
  }

  /** Sends the reply, after a pause if there were many errors. False if the session is over. */
  async #respond(answer: Answer): Promise<boolean> {
    const toll = this.#toll(answer)
    if (toll === 'closed') {
      this.#end(tooManyErrors)
      return false
    }
    if (toll === 'slow') await this.#context.clock.sleep(this.#context.limits.errorDelayMs)
    if (this.#gone) return false
    this.#say(answer.reply)
    return true
  }

  /** Our own nodes are not charged: their errors are ours to repair, and cutting them off helps nobody. */
  #toll(answer: Answer): ReturnType<ErrorCount['error']> {
    if (this.record.origin?.kind === 'peer' || answer.next === 'close') return 'free'
    if (answer.reply.code >= 400) return answer.forgiven ? 'free' : this.#errors.error()
    return answer.idle ? this.#errors.idle() : 'free'
  }

  #readOn(): void {
    this.#giveTurn('client')
    this._whenWritable(this.#release)
  }

  #challenge(text: string): Promise<Buffer | null> {
    if (this.#gone) return Promise.resolve(null)
    const { promise, resolve } = Promise.withResolvers<Buffer | null>()
    this.#awaitingLine = resolve
    this.#writer.write(`334 ${text}\r\n`)
    this.#readOn()
    return promise
  }

  // ---- the message ----

  async #receive(transaction: OpenTransaction, goAhead: Reply): Promise<void> {
    const { clock } = this.#context
    const limits = { ...this.#context.limits, messageSize: messageSizeOf(this.#context.limits, this.record) }
    const parser = this._parser as CommandStream
    const phase = openDataPhase(parser, limits, clock.now(), () => this.#end(tooLarge(limits.messageSize)))
    this.#data = phase
    this.#say(goAhead)
    this.#giveTurn('data')
    this.#release()
    const reply = await receiveMessage(this.#dialogue, transaction, phase)
    this.#data = null
    this.#dialogue.transaction = null
    if (this.#gone) {
      // It was committed, the client does not know: it will come again.
      if (phase.complete() && reply.code < 400) this.#notice('client left before the reply to its message')
      return
    }
    if (reply.code < 400) this.#errors.progress()
    if (!(await this.#respond(say(reply)))) return
    if (reply.code === 421) return this.close()
    if (this.#context.draining()) return this.#end(shuttingDown)
    this.#giveTurn('client')
    this._whenWritable(() => parser.continue())
  }

  // ---- TLS ----

  #tlsAvailable(): boolean {
    const { tls } = this.#context.settings
    return this.record.tls === null && (tls === 'starttls' || tls === 'starttls-required')
  }

  #startTls(): void {
    // The 220 has to be on the wire before the socket becomes the handshake's.
    this.#writer.flush()
    this.#giveTurn('handshake')
    this.upgrade(this.#release)
  }

  /** smtp-server calls this when STARTTLS is done; `proceed` connects the parser. */
  onTlsUp(socket: TLSSocket, proceed: () => void): void {
    this.#run(this.#secure(socket, proceed))
  }

  async #secure(socket: TLSSocket, proceed: () => void): Promise<void> {
    this.#topSocket = null
    this.#giveTurn('ours')
    forgetPlaintext(this.record)
    this.#dialogue.transaction = null
    this.record.tls = tlsFacts(socket)
    if (!(await this.#admit('secured'))) return
    this.#giveTurn('client')
    proceed()
  }

  /** The sweep keeps the time; smtp-server calls this with the TLS socket at the start of a handshake. */
  override _armTimeout(socket?: Socket): void {
    if (socket && socket !== this._socket) this.#topSocket = socket
  }

  // ---- time ----

  #giveTurn(turn: Turn): void {
    this.#turn = turn
    this.#turnSince = this.#context.clock.now()
  }

  /** Called every second or so: ends what takes too long. */
  sweep(now: number): void {
    if (this.#gone) return
    const { limits } = this.#context
    const waited = now - this.#turnSince
    if (this.#turn === 'handshake' && waited > limits.handshakeMs) {
      this.#notice('TLS handshake timed out')
      return this.cut('disconnected')
    }
    if (this.#turn === 'data' && this.#data?.tooSlow(now)) {
      this.#data.cut('too-slow')
      return this.#end(tooSlowReply)
    }
    // A hook that never answers: nothing else would ever end this session.
    if (waited > limits.sessionMs) return this.cut('disconnected')
    if (this.#turn !== 'client') return
    if (waited > limits.commandMs) return this.#end(timedOut)
    if (now - this.record.connectedAt > limits.sessionMs) this.#end(sessionTooLong)
  }

  // ---- the end ----

  get #gone(): boolean {
    return this._closing || this._closed
  }

  /** Says a last reply and closes. */
  #end(reply: Refusal): void {
    if (this.#gone) return
    this.#notice(reply.cause)
    this.#say(reply)
    this.close()
    this.#data?.cut(reply === shuttingDown ? 'shutdown' : 'disconnected')
  }

  /** While draining: who is not in the middle of something goes now. */
  drain(): void {
    if (this.#turn === 'client' && !this.#dialogue.transaction) this.#end(shuttingDown)
  }

  /** What was said leaves before the end of the stream. */
  override close(): void {
    this.#writer.flush()
    super.close()
  }

  /** Ends the session whatever it does: 421 where one can be said, then the socket is gone. */
  cut(kind: InterruptionKind): void {
    const wasClosing = this.#gone
    this.#writer.flush()
    if (kind === 'shutdown') this.#end(shuttingDown)
    this.#data?.cut(kind)
    // A TLS session is torn down from its top; in the middle of a handshake nothing can be said.
    if (this._upgrading || wasClosing) (this.#topSocket ?? this._socket).destroy()
    else this._socket.destroySoon()
  }

  /** Runs more than once in smtp-server (close and error); ours runs once. */
  override _onClose(): void {
    const first = !this.#ended
    this.#ended = true
    this.#data?.cut('disconnected')
    super._onClose()
    if (!first) return
    this.#leave()
    this.#awaitingLine?.(null)
    this.#awaitingLine = null
    if (!this.#announced) return
    try {
      this.#context.hooks.closed(this.record)
    } catch (error) {
      this.#context.log.bug('closed', error, { session: this.id })
    }
  }

  /** Never an 'error' event: a socket that breaks is everyday life. */
  override _onError(error: Error & { code?: string | undefined }): void {
    if (!this.#gone) this.#notice(`connection failed: ${error.code ?? error.message}`)
    this.close()
    if (this._upgrading) (this.#topSocket ?? this._socket).destroy()
  }

  /** smtp-server's own replies, of which none is left in use; if one comes, it gets a status of its class. */
  override send(code: number, data?: string | string[] | null): void {
    const text = Array.isArray(data) ? data.join('\n') : (data ?? '')
    const enhanced = code >= 300 && code < 400 ? '' : `${Math.floor(code / 100)}.0.0`
    this.#say({ code, enhanced, text })
    if (code === 421) this.close()
  }

  // ---- the wire ----

  #say(reply: Reply): void {
    this.#writer.write(replyLines(reply, this.#dialogue.transaction?.parameters.smtputf8 ?? false))
  }

  /** Nothing in here is meant to reject; if it does, it costs this session and no other. */
  #run(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#context.log.bug('session', error, { session: this.id })
      this.cut('disconnected')
    })
  }

  #notice(message: string): void {
    this.#context.log.notice(message, {
      session: this.id,
      listener: this.record.listener,
      remote: this.record.remoteIp,
      helo: this.record.helo,
    })
  }
}
