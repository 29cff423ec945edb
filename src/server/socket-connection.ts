// What a connection uses of smtp-server, without its replies, timers and closed directions: the parser, the socket of a TLS handshake, and
// the state of the socket. connection-contract.test.ts pins it.

import type { Socket } from 'node:net'
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import type { Reply } from '../smtp/reply.ts'
import { CommandStream } from './command-stream.ts'

export abstract class SocketConnection extends SMTPConnection {
  /** The TLS socket during its handshake: destroying it also destroys the plain socket below. */
  #tlsSocket: Socket | null = null

  protected abstract say(reply: Reply): void
  /** A command line has no end. */
  protected abstract lineTooLong(): void
  /** The client has ended its direction. */
  protected abstract inputEnded(): void

  protected get closing(): boolean {
    return this._closing || this._closed
  }

  override _createParser(): CommandStream {
    const parser = new CommandStream({ maxCommandLength: this._server.options.maxCommandLength })
    parser.oncommand = (line, release) => this._onCommand(line, release)
    parser.on('error', () => this.lineTooLong())
    // The client has ended its direction, and all its commands are answered.
    parser.on('finish', () => this.close())
    return parser
  }

  /** Some clients, such as Exim, end their direction after QUIT and wait for the replies. */
  protected stayHalfOpen(socket: Socket): void {
    socket.allowHalfOpen = true
    socket.once('end', () => this.inputEnded())
  }

  /** Sets no timer, because the sweep enforces the limits. smtp-server passes the TLS socket at the start of a handshake. */
  override _armTimeout(socket?: Socket): void {
    if (socket && socket !== this._socket) this.#tlsSocket = socket
  }

  protected handshakeEnded(): void {
    this.#tlsSocket = null
  }

  /** Ends the connection at once. During a handshake the TLS socket owns the plain one. */
  protected destroySocket(): void {
    ;(this.#tlsSocket ?? this._socket).destroy()
  }

  /** No reply of smtp-server is used any more. If one came, it would get the enhanced status of its class. */
  override send(code: number, data?: string | string[] | null): void {
    const text = Array.isArray(data) ? data.join('\n') : (data ?? '')
    const enhanced = code >= 300 && code < 400 ? '' : `${Math.floor(code / 100)}.0.0`
    this.say({ code, enhanced, text })
    if (code === 421) this.close()
  }
}
