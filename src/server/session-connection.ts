// The parts of one session, and how it ends: at a time limit, by the server, by the client, or by an error of the socket. What the client says
// is in connection.ts.

import type { Socket } from 'node:net'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { remoteHost } from '../lib/remote-host.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import type { CommandStream } from './command-stream.ts'
import type { NamedClient } from './commands/xclient-attributes.ts'
import type { ConnectedClient, ConnectionActions } from './connected-client.ts'
import type { ListenerContext } from './context.ts'
import { createErrorCount, type ErrorCount } from './error-count.ts'
import type { InterruptionKind } from './interruption.ts'
import { KeptPlace } from './kept-place.ts'
import { MessageReception } from './message-reception.ts'
import { RefusedStay } from './refused-stay.ts'
import { replyLines, withHelpLink } from './reply-lines.ts'
import { createReplyWriter, type ReplyWriter } from './reply-writer.ts'
import { shuttingDown, tooSlow } from './server-replies.ts'
import { type Dialogue, endTransaction } from './session-dialogue.ts'
import { expiryOf } from './session-expiry.ts'
import type { Refused, SessionPlace } from './session-places.ts'
import { SessionRecord } from './session-record.ts'
import { createSessionTiming, type SessionTiming } from './session-timing.ts'
import { SocketConnection } from './socket-connection.ts'
import { channelBinding } from './tls-facts.ts'

type Server = ConstructorParameters<typeof SocketConnection>[0]

export interface SessionParts<Resolution> extends ConnectionActions {
  readonly options: SMTPConnectionOptions
  readonly context: ListenerContext<Resolution>
  readonly client: ConnectedClient
}

export abstract class SessionConnection<Resolution> extends SocketConnection {
  readonly record: SessionRecord
  protected readonly context: ListenerContext<Resolution>
  protected readonly dialogue: Dialogue<Resolution>
  protected readonly errors: ErrorCount
  protected readonly timing: SessionTiming
  protected readonly place: KeptPlace
  protected readonly stay: RefusedStay
  protected readonly actions: ConnectionActions
  protected readonly writer: ReplyWriter
  protected readonly reception: MessageReception<Resolution>
  /** Lets the parser continue after the current line. */
  protected release: () => void = () => {}
  /** Waits for the answer of the client to a 334. */
  protected awaitingLine: ((line: Buffer | null) => void) | null = null
  #ended = false

  constructor(server: Server, socket: Socket, at: SessionParts<Resolution>) {
    super(server, socket, at.options)
    const { context, replacePlace } = at
    this.context = context
    this.place = new KeptPlace(at.client.place)
    this.actions = at
    this.writer = createReplyWriter(() => (this._upgrading || this.closing ? null : this._socket))
    this.timing = createSessionTiming(context.limits, context.clock)
    this.record = new SessionRecord({ id: this.id, listener: context.settings.name, remoteIp: at.client.ip })
    this.errors = createErrorCount(context.limits, {
      failed: () => context.hooks.failed(this.record),
      pressure: () => this.place.pressure(),
    })
    this.dialogue = {
      context,
      session: this.record,
      transaction: null,
      failedAuth: 0,
      refused: null,
      tlsAvailable: () => this.tlsAvailable(),
      frontEnd: replacePlace ? { become: (client) => this.become(client, replacePlace(client.ip)) } : null,
      mayForward: at.mayForward,
      namedHelo: null,
      channelBinding: () => channelBinding(this._socket),
      challenge: (text) => this.challenge(text),
    }
    this.stay = new RefusedStay({
      dialogue: this.dialogue,
      limits: context.limits,
      clock: context.clock,
      pressure: () => this.place.pressure(),
      end: (reply) => this.end(reply),
    })
    this.reception = this.#createReception()
  }

  protected abstract tlsAvailable(): boolean
  protected abstract become(client: NamedClient, place: SessionPlace | Refused): Promise<Refusal | null>
  protected abstract challenge(text: string): Promise<Buffer | null>

  // ---- messages ----

  #createReception(): MessageReception<Resolution> {
    return new MessageReception({
      dialogue: this.dialogue,
      say: (reply) => this.say(reply),
      readOctets: (...reading) => {
        const parser = this._parser as CommandStream
        parser.readOctets(...reading)
        this.timing.give(this.dialogue.transaction ? 'data' : 'dropping')
        const release = this.release
        this.release = () => parser.continue()
        release()
      },
      end: (reply) => this.end(reply),
      isClosing: () => this.closing,
      onAccepted: () => {
        this.errors.clear()
        this.timing.progress()
      },
      onLostReply: () => this.notice('client disconnected before the reply to its message'),
    })
  }

  // ---- time limits ----

  /** The listener calls this about once a second. */
  sweep(): void {
    if (this.closing) return
    if (this.reception.arrivals.tooSlow(this.place.pressure(), this.timing.turn === 'server')) {
      this.reception.arrivals.cut('too-slow')
      return this.end(tooSlow)
    }
    const expiry = expiryOf(this.dialogue, this.timing, this.place)
    if (expiry?.kind === 'reply') return this.end(expiry.reply)
    if (!expiry) return
    if (expiry.notice !== null) this.notice(expiry.notice)
    this.cut('disconnected')
  }

  // ---- end of the session ----

  /** Sends a last reply and closes. */
  protected end(reply: Refusal): void {
    if (this.closing) return
    this.notice(reply.cause)
    this.say(reply)
    this.close()
    this.reception.arrivals.cut(reply === shuttingDown ? 'shutdown' : 'disconnected')
  }

  /** Ends the session if it is idle outside a transaction. */
  drain(): void {
    if (this.timing.turn === 'client' && !this.dialogue.transaction) this.end(shuttingDown)
  }

  /** Sends pending replies before the end of the stream. */
  override close(): void {
    this.writer.flush()
    super.close()
  }

  /** Ends the session in any state: 421 where a reply is possible, then the socket is destroyed. */
  cut(kind: InterruptionKind): void {
    const wasClosing = this.closing
    this.writer.flush()
    if (kind === 'shutdown') this.end(shuttingDown)
    this.reception.arrivals.cut(kind)
    // During a handshake no reply is possible.
    if (this._upgrading || wasClosing) this.destroySocket()
    else this._socket.destroySoon()
  }

  /** smtp-server calls this more than once (close and error); the node's part runs once. */
  override _onClose(): void {
    const first = !this.#ended
    this.#ended = true
    this.reception.arrivals.cut('disconnected')
    super._onClose()
    if (!first) return
    endTransaction(this.dialogue)
    this.record.end()
    this.actions.onEnd()
    this.stay.cancel()
    this.awaitingLine?.(null)
    this.awaitingLine = null
  }

  /** Socket errors are expected: smtp-server's 'error' event would end the process. */
  override _onError(error: Error & { code?: string | undefined }): void {
    if (!this.closing) this.notice(`connection failed: ${error.code ?? error.message}`)
    this.close()
    if (this._upgrading) this.destroySocket()
  }

  // ---- output ----

  protected override say(given: Reply): void {
    const reply = withHelpLink(given, this.context.helpLink, this.id)
    this.writer.write(replyLines(reply, this.dialogue.transaction?.parameters.smtputf8 ?? false))
  }

  /** A rejection here is a bug; it ends this session only. */
  protected run(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.context.log.bug(error, 'session', { session: this.id })
      this.cut('disconnected')
    })
  }

  protected notice(message: string): void {
    const { id: session, listener, remoteName, remoteIp, helo } = this.record
    this.context.log.info({ session, listener, remote: remoteHost(remoteName, remoteIp), helo }, message)
  }
}
