// The listener of smtp-server with our connections. It limits connections before the handshake, uses no built-in certificate and emits no
// event that can end the process.

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js'
import { plainAddress } from '../lib/ip-address.ts'
import { systemRandom } from '../lib/random.ts'
import { remoteHost } from '../lib/remote-host.ts'
import type { ConnectedClient } from './connected-client.ts'
import { MailConnection } from './connection.ts'
import type { ListenerContext } from './context.ts'
import { peekClientHello } from './peek-client-hello.ts'
import type { FrontPorts } from './front-ports.ts'
import { createHeaderWaits, type HeaderWaits } from './proxy/header-waits.ts'
import { ownConnectionContext } from './proxy/own-connection.ts'
import { replyLines } from './reply-lines.ts'
import type { ServerCertificates } from './server-certificates.ts'
import { tooManyConnections } from './server-replies.ts'
import type { SessionPlaces } from './session-places.ts'
import { shrunk } from './session-timing.ts'

/** 80 random bits make a repeated id less likely than an undetected hardware error. */
const SESSION_ID_OCTETS = 10

/** The address of a client on a Unix socket. */
const LOOPBACK = '127.0.0.1'
/** How long a client without a slot has to read the reply. */
const NO_SLOT_MS = 5000
/** Refused clients that read their reply at the same time; one more ends the oldest. They have no place, and each keeps a socket. */
const MOST_REFUSED = 256

interface Arrival {
  /** True on a listener with implicit TLS. */
  readonly handshake: boolean
  /** What the header of a balancer says: null for its own connections. Absent without a header. */
  readonly clientIp?: string | null
}

export class MailServer<Resolution> extends SMTPServer {
  readonly #context: ListenerContext<Resolution>
  readonly #places: SessionPlaces
  readonly #open = new Set<MailConnection<Resolution>>()
  readonly #headers: HeaderWaits
  readonly #isFrontEnd: (ip: string) => boolean
  readonly #isForwarder: (ip: string) => boolean
  /** Null on a listener without TLS. */
  #certificates: ServerCertificates | null = null
  readonly #clientOf = new WeakMap<Socket, ConnectedClient>()
  /** Implicit TLS: connections whose handshake is not over, and the monotonic time of their start. */
  readonly #handshakes = new Map<Socket, number>()
  /** Refused connections that are not closed yet, in the order of arrival. */
  readonly #refused = new Set<Socket>()
  readonly #bySession = new WeakMap<object, MailConnection<Resolution>>()

  constructor(
    context: ListenerContext<Resolution>,
    places: SessionPlaces,
    { proxy = null, isFrontEnd = () => false, isForwarder = () => false }: FrontPorts = {},
  ) {
    super(serverOptions(context))
    this.#isFrontEnd = isFrontEnd
    this.#isForwarder = isForwarder
    this.#context = context
    this.#places = places
    const { clock, log, settings } = context
    this.#headers = createHeaderWaits(proxy && { ...proxy, clock, log, listener: settings.name })
    this.on('error', (error: Error) => {
      // A listener that cannot start is the answer of its start.
      if (!this.server.listening) return
      context.log.info({ listener: context.settings.name }, `listener or TLS handshake failed: ${error.message}`)
    })
  }

  /** Sets the certificates for the next handshakes; running sessions keep theirs. */
  useCertificates(certificates: ServerCertificates): void {
    this.#certificates = certificates
    this.secureContext = new Map([['*', certificates.usual]])
  }

  /** Starts a handshake with the certificates for the name that the client asks for. `start` must use `secureContext` at once. */
  withCertificates(socket: Socket, start: () => void): void {
    if (!this.#certificates?.hasChoice) return start()
    peekClientHello(socket, (name) => {
      const certificates = this.#certificates
      if (certificates && name !== null) this.secureContext.set('*', certificates.contextFor(name))
      try {
        start()
      } finally {
        if (certificates) this.secureContext.set('*', certificates.usual)
      }
    })
  }

  /** The context was chosen before the handshake. */
  override _resolveSNI(_: string, callback: Parameters<SMTPServer['_resolveSNI']>[1]): void {
    callback(null)
  }

  /** Every connection until its socket is closed; smtp-server's set lacks those that are closing. */
  get sessions(): readonly MailConnection<Resolution>[] {
    return [...this.#open]
  }

  /** smtp-server would use a published test key here; useCertificates() sets the real one. */
  override updateSecureContext(): void {
    this.secureContext = new Map()
  }

  override _warnAboutDefaultCertificate(): void {}

  /** Also makes smtp-server keep the socket among its pending ones, which close with the listener. */
  override _expectsProxyHeader(socket: Socket): boolean {
    return this.#headers.isAwaited(socket)
  }

  /** Runs after _acceptSocket. Reads the header of a balancer; creates the session id, with as many random bits as smtp-server's. */
  override _handleProxy(socket: Socket, callback: Parameters<SMTPServer['_handleProxy']>[1]): void {
    const bits = BigInt(`0x${systemRandom(SESSION_ID_OCTETS).toString('hex')}`)
    const options = { id: bits.toString(32).padStart((SESSION_ID_OCTETS * 8) / 5, '0') }
    if (!this.#headers.isAwaited(socket)) return callback(null, options)
    this.#headers.read(socket, (clientIp) => {
      const handshake = this.#context.settings.tls === 'implicit'
      if (this.#enter(socket, { handshake, clientIp })) callback(null, options)
      else callback(new Error('the client has no place'))
    })
  }

  /** Runs first for an accepted socket, before a handshake. */
  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    // A port scan has closed the socket again, so it has no address.
    if (socket.remoteAddress === undefined && !this.#context.settings.socket) {
      socket.destroy()
      return false
    }
    const header = this.#headers.admit(socket)
    if (header === 'refused') return false
    if (header === 'direct' && !this.#enter(socket, { handshake })) return false
    const release = super._acceptSocket(socket, handshake)
    if (!release) this.#leave(socket)
    return release
  }

  /** Takes the place of a client whose address is known. False if there is none: the client was refused. */
  #enter(socket: Socket, at: Arrival): boolean {
    const client = this.#placeFor(socket, at.clientIp)
    if (client.place.kind === 'refused') {
      this.#refuse(socket, { ...at, ip: client.ip, limit: client.place.cause })
      return false
    }
    this.#clientOf.set(socket, { ...client, place: client.place })
    socket.once('close', () => this.#leave(socket))
    if (at.handshake) this.#handshakes.set(socket, this.#context.clock.monotonic())
    return true
  }

  #placeFor(socket: Socket, clientIp: string | null | undefined) {
    // A client on a Unix socket is a program of this host.
    if (this.#context.settings.socket)
      return { ip: LOOPBACK, isOwn: false, place: this.#places.take(LOOPBACK, LOOPBACK) }
    const remote = plainAddress(socket.remoteAddress ?? '')
    if (clientIp === undefined && this.#isFrontEnd(remote))
      return { ip: remote, isOwn: false, place: this.#places.takeForBalancer(remote) }
    if (clientIp === undefined)
      return { ip: remote, isOwn: false, place: this.#places.take(remote, socket.localAddress ?? '') }
    if (clientIp === null) return { ip: remote, isOwn: true, place: this.#places.takeForBalancer(remote) }
    // The address that the client connected to is of another host: it makes no client a program of this one.
    return { ip: clientIp, isOwn: false, place: this.#places.take(clientIp, null) }
  }

  #leave(socket: Socket): void {
    this.#clientOf.get(socket)?.place.release()
    this.#handshakes.delete(socket)
  }

  /** Implicit TLS: the socket of the session is another one, with the same place. */
  override _upgrade(socket: Socket, callback: Parameters<SMTPServer['_upgrade']>[1]): void {
    const done: typeof callback = (error, secured) => {
      this.#handshakes.delete(socket)
      const client = this.#clientOf.get(socket)
      if (secured && client) this.#clientOf.set(secured, client)
      callback(error, secured)
    }
    this.withCertificates(socket, () => super._upgrade(socket, done))
  }

  /** Ends handshakes of implicit TLS whose client has been unproven for too long. */
  sweepHandshakes(): void {
    const { clock, limits } = this.#context
    for (const [socket, since] of this.#handshakes) {
      const place = this.#clientOf.get(socket)?.place
      const most = shrunk(limits.unprovenMs, limits.fullUnprovenMs, place?.pressure() ?? 0)
      if (place?.proof === null && clock.monotonic() - since > most)
        (this._pendingSockets.get(socket) ?? socket).destroy()
    }
  }

  #refuse(socket: Socket, { ip, handshake, limit }: Arrival & { readonly ip: string; readonly limit: string }): void {
    const { clock, log, settings } = this.#context
    const remote = remoteHost(null, ip)
    log.info({ listener: settings.name, remote, limit }, 'too many connections')
    socket.on('error', () => {})
    if (handshake) {
      socket.destroy()
      return
    }
    socket.end(replyLines(tooManyConnections, false))
    socket.resume()
    const timer = clock.after(NO_SLOT_MS, () => socket.destroy())
    socket.once('close', () => {
      timer.cancel()
      this.#refused.delete(socket)
    })
    this.#refused.add(socket)
    const [oldest] = this.#refused
    if (this.#refused.size > MOST_REFUSED) oldest?.destroy()
  }

  override connect(socket: Socket | TLSSocket, options?: SMTPConnectionOptions | null): void {
    // STARTTLS removes the listeners of the plain socket, so the connection frees the slot as well.
    const client = this.#clientOf.get(socket)
    if (!client) return void socket.destroy()
    let { place } = client
    const onEnd = () => {
      place.release()
      this.#open.delete(connection)
    }
    const replacePlace = (ip: string) => {
      place.release()
      const next = this.#places.take(ip, null)
      if (next.kind === 'place') place = next
      return next
    }
    const connection: MailConnection<Resolution> = new MailConnection(this, socket, {
      options: options ?? {},
      context: client.isOwn ? ownConnectionContext(this.#context) : this.#context,
      client,
      withCertificates: (plain, startTls) => this.withCertificates(plain, startTls),
      replacePlace: this.#isFrontEnd(client.ip) ? replacePlace : undefined,
      mayForward: this.#isForwarder(client.ip),
      onEnd,
    })
    this.connections.add(connection)
    this.#open.add(connection)
    this.#bySession.set(connection.session, connection)
    connection.init()
  }

  /** After STARTTLS. With implicit TLS the connection calls the hook before the greeting. */
  override onSecure(socket: Socket | TLSSocket, session: SMTPServerSession, proceed: () => void): void {
    this.#bySession.get(session)?.onTlsUp(socket as TLSSocket, proceed)
  }

  /** Replaces smtp-server's callback; the connection reports its end itself. */
  override onClose(): void {}
}

function serverOptions<Resolution>({ settings, limits, hostname }: ListenerContext<Resolution>): SMTPServerOptions {
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
    // Limits the handshake of implicit TLS; the sweep enforces every other limit.
    socketTimeout: limits.handshakeMs,
    requestCert: settings.requestCertificate,
    // The `secured` hook checks the certificate and can give a reason.
    rejectUnauthorized: false,
    noDelay: true,
    keepAlive: true,
  }
}
