// One connection: our own dialogue on the socket, parser and TLS upgrade of smtp-server. With socket-connection.ts, this class overrides
// every method in which smtp-server would reply or decide (docs/decisions/0013-smtp-server.md).

import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { remoteHost } from '../lib/remote-host.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import { admit } from './admit.ts'
import { becomeClient } from './become-client.ts'
import type { CommandStream } from './command-stream.ts'
import { answerTo } from './commands/dispatch.ts'
import type { ConnectedClient, ConnectionActions } from './connected-client.ts'
import type { ListenerContext } from './context.ts'
import { type Answer, type Dialogue, endTransaction } from './session-dialogue.ts'
import { createErrorCount, type ErrorCount } from './error-count.ts'
import type { InterruptionKind } from './interruption.ts'
import { KeptPlace } from './kept-place.ts'
import { MessageReception } from './message-reception.ts'
import { replyLines, withHelpLink } from './reply-lines.ts'
import { RefusedStay } from './refused-stay.ts'
import { createReplyWriter, type ReplyWriter } from './reply-writer.ts'
import { endlessLine, shuttingDown, talksTooSoon, tooManyErrors, tooSlow } from './server-replies.ts'
import { forgetPlaintext, SessionRecord } from './session-record.ts'
import { expiryOf, reasonToEnd } from './session-expiry.ts'
import type { NamedClient } from './commands/xclient-attributes.ts'
import type { Refused, SessionPlace } from './session-places.ts'
import { createSessionTiming, type SessionTiming } from './session-timing.ts'
import { SocketConnection } from './socket-connection.ts'
import { channelBinding, tlsFacts } from './tls-facts.ts'

type Server = ConstructorParameters<typeof SocketConnection>[0]

export class MailConnection<Resolution> extends SocketConnection {
  readonly record: SessionRecord
  readonly #context: ListenerContext<Resolution>
  readonly #dialogue: Dialogue<Resolution>
  readonly #errors: ErrorCount
  readonly #timing: SessionTiming
  readonly #place: KeptPlace
  readonly #stay: RefusedStay
  readonly #actions: ConnectionActions
  readonly #writer: ReplyWriter
  readonly #reception: MessageReception<Resolution>
  #greeted = false
  #ended = false
  #release: () => void = () => {}
  #awaitingLine: ((line: Buffer | null) => void) | null = null
  #heldLine: { readonly line: Buffer; readonly release: () => void } | null = null

  constructor(
    server: Server,
    socket: Socket,
    at: {
      readonly options: SMTPConnectionOptions
      readonly context: ListenerContext<Resolution>
      readonly client: ConnectedClient
    } & ConnectionActions,
  ) {
    super(server, socket, at.options)
    const { context, replacePlace } = at
    this.#context = context
    this.#place = new KeptPlace(at.client.place)
    this.#actions = at
    this.#writer = createReplyWriter(() => (this._upgrading || this.closing ? null : this._socket))
    this.#timing = createSessionTiming(context.limits, context.clock)
    this.record = new SessionRecord({ id: this.id, listener: context.settings.name, remoteIp: at.client.ip })
    this.#errors = createErrorCount(context.limits, {
      failed: () => context.hooks.failed(this.record),
      pressure: () => this.#place.pressure(),
    })
    this.#dialogue = {
      context,
      session: this.record,
      transaction: null,
      failedAuth: 0,
      refused: null,
      tlsAvailable: () => this.#tlsAvailable(),
      frontEnd: replacePlace ? { become: (client) => this.#become(client, replacePlace(client.ip)) } : null,
      mayForward: at.mayForward,
      namedHelo: null,
      channelBinding: () => channelBinding(this._socket),
      challenge: (text) => this.#challenge(text),
    }
    this.#stay = new RefusedStay({
      dialogue: this.#dialogue,
      limits: context.limits,
      clock: context.clock,
      pressure: () => this.#place.pressure(),
      end: (reply) => this.#end(reply),
    })
    this.#reception = this.#createReception()
  }

  // ---- greeting ----

  /** Replaces smtp-server's greeting, which has a fixed delay and a PTR look-up. */
  override init(): void {
    this.stayHalfOpen(this._socket)
    this._setListeners(() => this.#run(this.#greet()))
  }

  async #greet(): Promise<void> {
    const { clock, limits, settings, hostname } = this.#context
    const silence = settings.greetAtOnce ? null : clock.sleep(limits.greetingMs)
    if (!(await this.#admit('connect'))) return
    if (this._socket instanceof TLSSocket) {
      this.record.tls = tlsFacts(this._socket)
      if (!(await this.#admit('secured'))) return
    }
    await silence
    if (this.closing) return
    const early = this.#heldLine !== null || (this._parser as CommandStream).holdsInput
    if (early && !settings.greetAtOnce) return this.#end(talksTooSoon)
    this.#writer.write(`220 ${hostname} ESMTP\r\n`)
    this.#beginReading()
  }

  /** The greeting is sent. */
  #beginReading(): void {
    this.#greeted = true
    this.#timing.give('client')
    const held = this.#heldLine
    this.#heldLine = null
    if (held) this._onCommand(held.line, held.release)
  }

  protected override inputEnded(): void {
    this.#timing.inputEnded()
  }

  /** False if the client is refused. */
  async #admit(hook: 'connect' | 'secured'): Promise<boolean> {
    const refused = await admit(this.#context, this.record, hook)
    if (!refused) this.#keepPlace()
    else if (this.#stay.isAllowed(refused)) this.#refuse(refused)
    else this.#end(refused)
    return !this.closing && refused === null
  }

  #refuse(reply: Refusal): void {
    if (this.closing) return
    this.#notice(reply.cause)
    if (this.#greeted) return this.#stay.begin(reply)
    this.#stay.begin()
    this.say(reply)
    this.#beginReading()
  }

  #keepPlace(): void {
    const refused = this.#place.keep(this.#dialogue)
    if (refused) this.#end(refused)
  }

  async #become(client: NamedClient, place: SessionPlace | Refused): Promise<Refusal | null> {
    const noPlace = this.#place.replace(place)
    if (noPlace) return noPlace
    const refused = await becomeClient(this.#dialogue, client)
    if (refused && this.#stay.isAllowed(refused)) this.#stay.begin()
    return refused
  }

  // ---- commands ----

  protected override lineTooLong(): void {
    this.#end(endlessLine)
  }

  /** Receives the client's lines one at a time: `release` lets the parser continue. */
  override _onCommand(line: Buffer, release: () => void = () => {}): void {
    // Plaintext received before the handshake is dropped without a reply (RFC 3207 4.2, command injection).
    if (this._upgrading) return release()
    if (this.closing) return
    if (!this.#greeted) {
      this.#heldLine = { line, release }
      if (!this.#context.settings.greetAtOnce) this.#end(talksTooSoon)
      return
    }
    this.#release = release
    this.#timing.give('server')
    const awaiting = this.#awaitingLine
    if (awaiting) {
      this.#awaitingLine = null
      return awaiting(line)
    }
    const ended = reasonToEnd(this.#dialogue)
    if (ended) return this.#end(ended)
    this.#run(this.#execute(line))
  }

  async #execute(line: Buffer): Promise<void> {
    const command = await answerTo(this.#dialogue, line)
    const settling = this.#reception.arrivals.settled()
    if (settling) await settling
    if (!this.closing) this.#keepPlace()
    if (this.closing) return
    const answer = await this.#receive(command)
    if (!answer || !(await this.#respond(answer))) return
    if (answer.next === 'close' || answer.reply.code === 421) return this.close()
    if (answer.next === 'tls') return this.#startTls()
    const hasReceived = answer !== command
    const ended = hasReceived ? reasonToEnd(this.#dialogue) : null
    if (ended) return this.#end(ended)
    this.#readNext()
  }

  /** Reads what belongs to the command. Null if the session closes. */
  #receive(command: Answer): Promise<Answer | null> | Answer {
    const { transaction } = this.#dialogue
    if (command.next === 'data' && transaction) return this.#reception.receiveData(transaction, command.reply)
    if (command.chunk && transaction) this.#timing.give('data')
    return command.chunk ? this.#reception.receiveChunk(command.chunk, command.reply) : command
  }

  /** Sends the reply, delayed after many errors (error-count.ts). False if the session has ended. */
  async #respond(answer: Answer): Promise<boolean> {
    const penalty = this.#errors.charge(answer, this.record.origin)
    if (penalty === 'close') {
      this.#end(tooManyErrors)
      return false
    }
    if (penalty > 0) await this.#context.clock.sleep(penalty)
    if (this.closing) return false
    this.say(answer.reply)
    return true
  }

  #readNext(): void {
    this.#timing.give('client')
    this._whenWritable(this.#release)
  }

  #challenge(text: string): Promise<Buffer | null> {
    if (this.closing) return Promise.resolve(null)
    const { promise, resolve } = Promise.withResolvers<Buffer | null>()
    this.#awaitingLine = resolve
    this.#writer.write(`334 ${text}\r\n`)
    this.#readNext()
    return promise
  }

  // ---- messages ----

  #createReception(): MessageReception<Resolution> {
    return new MessageReception({
      dialogue: this.#dialogue,
      say: (reply) => this.say(reply),
      readOctets: (...reading) => {
        const parser = this._parser as CommandStream
        parser.readOctets(...reading)
        this.#timing.give(this.#dialogue.transaction ? 'data' : 'dropping')
        const release = this.#release
        this.#release = () => parser.continue()
        release()
      },
      end: (reply) => this.#end(reply),
      isClosing: () => this.closing,
      onAccepted: () => {
        this.#errors.clear()
        this.#timing.progress()
      },
      onLostReply: () => this.#notice('client disconnected before the reply to its message'),
    })
  }

  // ---- TLS ----

  #tlsAvailable(): boolean {
    const { tls } = this.#context.settings
    return this.record.tls === null && (tls === 'starttls' || tls === 'starttls-required')
  }

  #startTls(): void {
    // The 220 must leave before the handshake uses the socket.
    this.#writer.flush()
    this.#timing.give('handshake')
    this._socket.allowHalfOpen = false
    // What follows the command is dropped with this parser (RFC 3207 4.2); what follows the 220 is the handshake.
    if (this._parser) this._socket.unpipe(this._parser)
    this.#actions.withCertificates(this._socket, () => {
      if (!this.closing) this.upgrade(this.#release)
    })
  }

  /** mail-server.ts calls this after STARTTLS; `proceed` connects the parser. */
  onTlsUp(socket: TLSSocket, proceed: () => void): void {
    this.#run(this.#secure(socket, proceed))
  }

  async #secure(socket: TLSSocket, proceed: () => void): Promise<void> {
    this.handshakeEnded()
    this.stayHalfOpen(socket)
    this.#timing.give('server')
    forgetPlaintext(this.record)
    this.record.tls = tlsFacts(socket)
    await this.#admit('secured')
    if (this.closing) return
    this.#timing.give('client')
    proceed()
  }

  // ---- time limits ----

  /** The listener calls this about once a second. */
  sweep(): void {
    if (this.closing) return
    if (this.#reception.arrivals.tooSlow(this.#place.pressure(), this.#timing.turn === 'server')) {
      this.#reception.arrivals.cut('too-slow')
      return this.#end(tooSlow)
    }
    const expiry = expiryOf(this.#dialogue, this.#timing, this.#place)
    if (expiry?.kind === 'reply') return this.#end(expiry.reply)
    if (!expiry) return
    if (expiry.notice !== null) this.#notice(expiry.notice)
    this.cut('disconnected')
  }

  // ---- end of the session ----

  /** Sends a last reply and closes. */
  #end(reply: Refusal): void {
    if (this.closing) return
    this.#notice(reply.cause)
    this.say(reply)
    this.close()
    this.#reception.arrivals.cut(reply === shuttingDown ? 'shutdown' : 'disconnected')
  }

  /** Ends the session if it is idle outside a transaction. */
  drain(): void {
    if (this.#timing.turn === 'client' && !this.#dialogue.transaction) this.#end(shuttingDown)
  }

  /** Sends pending replies before the end of the stream. */
  override close(): void {
    this.#writer.flush()
    super.close()
  }

  /** Ends the session in any state: 421 where a reply is possible, then the socket is destroyed. */
  cut(kind: InterruptionKind): void {
    const wasClosing = this.closing
    this.#writer.flush()
    if (kind === 'shutdown') this.#end(shuttingDown)
    this.#reception.arrivals.cut(kind)
    // During a handshake no reply is possible.
    if (this._upgrading || wasClosing) this.destroySocket()
    else this._socket.destroySoon()
  }

  /** smtp-server calls this more than once (close and error); the node's part runs once. */
  override _onClose(): void {
    const first = !this.#ended
    this.#ended = true
    this.#reception.arrivals.cut('disconnected')
    super._onClose()
    if (!first) return
    endTransaction(this.#dialogue)
    this.record.end()
    this.#actions.onEnd()
    this.#stay.cancel()
    this.#awaitingLine?.(null)
    this.#awaitingLine = null
  }

  /** Socket errors are expected: smtp-server's 'error' event would end the process. */
  override _onError(error: Error & { code?: string | undefined }): void {
    if (!this.closing) this.#notice(`connection failed: ${error.code ?? error.message}`)
    this.close()
    if (this._upgrading) this.destroySocket()
  }

  // ---- output ----

  protected override say(given: Reply): void {
    const reply = withHelpLink(given, this.#context.helpLink, this.id)
    this.#writer.write(replyLines(reply, this.#dialogue.transaction?.parameters.smtputf8 ?? false))
  }

  /** A rejection here is a bug; it ends this session only. */
  #run(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#context.log.bug(error, 'session', { session: this.id })
      this.cut('disconnected')
    })
  }

  #notice(message: string): void {
    const { id: session, listener, remoteName, remoteIp, helo } = this.record
    this.#context.log.info({ session, listener, remote: remoteHost(remoteName, remoteIp), helo }, message)
  }
}
