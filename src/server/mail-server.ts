// smtp-server's listener with our connections: admission before anything is spent on a client, no built-in certificate, no event that can kill.

import type { Socket } from 'node:net'
import { createSecureContext, type TLSSocket } from 'node:tls'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { plainAddress } from '../lib/ip-address.ts'
import { systemRandom } from '../lib/random.ts'
import type { Admission } from './connection-limits.ts'
import { MailConnection } from './connection.ts'
import type { ListenerContext } from './context.ts'
import { replyLines } from './reply-lines.ts'
import { tooManyConnections } from './server-replies.ts'
import { type TlsMaterial, tlsOptions } from './tls-material.ts'

/** Two of them are the same as rarely as a machine fails unseen. */
const SESSION_ID_OCTETS = 10

/** A client that was turned away has this long to read why. */
const TURNED_AWAY_MS = 5000

export class MailServer extends SMTPServer {
  readonly #context: ListenerContext
  readonly #admission: Admission
  readonly #open = new Set<MailConnection>()
  readonly #places = new WeakMap<Socket, () => void>()
  readonly #bySession = new WeakMap<object, MailConnection>()

  constructor(context: ListenerContext, admission: Admission) {
    super(serverOptions(context))
    this.#context = context
    this.#admission = admission
    this.on('error', (error: Error) => {
      context.log.notice(`listener or handshake failed: ${error.message}`, { listener: context.settings.name })
    })
  }

  /** New material for the next handshakes; sessions that run keep what they have. */
  useMaterial(material: TlsMaterial): void {
    this.secureContext = new Map([['*', createSecureContext(tlsOptions(material))]])
  }

  /** Every connection until its socket is gone; smtp-server's own set forgets those that are closing. */
  get sessions(): readonly MailConnection[] {
    return [...this.#open]
  }

  /** smtp-server would build a context from a published test key here; ours comes from useMaterial(). */
  override updateSecureContext(): void {
    this.secureContext = new Map()
  }

  override _warnAboutDefaultCertificate(): void {}

  /** No proxy stands in front of our listeners; the id of the session is made here, of as many random bits as smtp-server's. */
  override _handleProxy(_: Socket, callback: Parameters<SMTPServer['_handleProxy']>[1]): void {
    const bits = BigInt(`0x${systemRandom(SESSION_ID_OCTETS).toString('hex')}`)
    callback(null, { id: bits.toString(32).padStart((SESSION_ID_OCTETS * 8) / 5, '0') })
  }

  /** The first thing that happens to an accepted socket, before a handshake. */
  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    // Gone again already: a port scan. Without an address there is nobody to judge, count or answer.
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return false
    }
    const place = this.#admission.admit(plainAddress(socket.remoteAddress))
    if (!place) {
      this.#turnAway(socket, handshake)
      return false
    }
    this.#places.set(socket, place)
    socket.once('close', place)
    const release = super._acceptSocket(socket, handshake)
    if (!release) place()
    return release
  }

  #turnAway(socket: Socket, handshake: boolean): void {
    const { log, settings } = this.#context
    log.notice('too many connections', { listener: settings.name, remote: plainAddress(socket.remoteAddress ?? '') })
    socket.on('error', () => {})
    if (handshake) {
      socket.destroy()
      return
    }
    socket.end(replyLines(tooManyConnections, false))
    socket.resume()
    setTimeout(() => socket.destroy(), TURNED_AWAY_MS).unref()
  }

  override connect(socket: Socket | TLSSocket, options?: SMTPConnectionOptions | null): void {
    // STARTTLS takes the listeners off the plain socket, so the connection gives the place back as well.
    const place = this.#places.get(socket)
    const leave = () => {
      place?.()
      this.#open.delete(connection)
    }
    const connection: MailConnection = new MailConnection(this, socket, {
      options: options ?? {},
      context: this.#context,
      leave,
    })
    this.connections.add(connection)
    this.#open.add(connection)
    this.#bySession.set(connection.session, connection)
    connection.init()
  }

  /** After STARTTLS; for implicit TLS the connection does this itself before the greeting. */
  override onSecure(socket: Socket | TLSSocket, session: SMTPServerSession, proceed: () => void): void {
    this.#bySession.get(session)?.onTlsUp(socket as TLSSocket, proceed)
  }

  /** Hooks hear of the end from the connection. */
  override onClose(): void {}
}

function serverOptions({ settings, limits, hostname }: ListenerContext): SMTPServerOptions {
  return {
    name: hostname,
    secure: settings.tls === 'implicit',
    logger: false,
    disableReverseLookup: true,
    useXClient: false,
    useXForward: false,
    useProxy: false,
    size: limits.messageSize,
    maxCommandLength: limits.authLine,
    // Guards the handshake of implicit TLS; everything later is the sweep's.
    socketTimeout: limits.handshakeMs,
    requestCert: settings.requestCertificate,
    // The certificate is judged by the `secured` hook, which can say why it refuses.
    rejectUnauthorized: false,
    noDelay: true,
    keepAlive: true,
  }
}
