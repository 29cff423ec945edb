// A raw SMTP or LMTP server for tests. The local part of an address controls its behaviour at a stage: `tempfail-rcpt@`,
// `permfail-data@`, `stall-dot@`, `disconnect-mail@`, `wrong-data@`, `closing-rcpt@` (421 and close). At MAIL the reverse-path counts,
// later the recipients. It records all commands and messages for the test.

import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, TLSSocket, type SecureContextOptions } from 'node:tls'
import { type SaslAccount, type SaslStep, startSasl } from './sasl-server.ts'

export type Stage = 'connect' | 'ehlo' | 'starttls' | 'mail' | 'rcpt' | 'data' | 'dot' | 'rset'
export type Mood = 'tempfail' | 'permfail' | 'stall' | 'disconnect' | 'wrong' | 'closing' | 'garbage'

export interface PeerOptions {
  /** EHLO keywords; STARTTLS is added if `tls` is given. */
  readonly extensions?: readonly string[]
  readonly lmtp?: boolean
  readonly tls?: SecureContextOptions & { readonly requestCert?: boolean }
  /** TLS from the first octet instead of STARTTLS. */
  readonly implicitTls?: boolean
  /** Offers STARTTLS and fails the handshake. */
  readonly brokenTls?: boolean
  /** Closes right after the TLS handshake. */
  readonly diesInTls?: boolean
  /** Requires a login before MAIL. */
  readonly auth?: SaslAccount
  /** Failures by stage, without a command in an address. */
  readonly moods?: Partial<Record<Stage, Mood>>
  /** The failures apply to this session only (the first one is 1). */
  readonly moodsInSession?: number
  /** Knows only HELO. */
  readonly heloOnly?: boolean
  /** Recipient limit of a transaction; more get `tooMany`, by default 452 4.5.3. */
  readonly recipientLimit?: number
  readonly tooMany?: string
  /** Recipient limit of a transaction that is enforced after the message, with 554 5.5.3. */
  readonly messageRecipientLimit?: number
  /** The reply to EHLO, in place of the extensions. */
  readonly ehloRefusal?: string
  /** Closes the connection after this many messages. */
  readonly messagesPerSession?: number
  /** Replies by stage, instead of the usual ones: full text with code, lines separated by `\r\n`. */
  readonly replies?: Partial<Record<Stage, string>>
  /** More sessions than this at the same time get `reply` at the greeting or at MAIL; 421 closes. */
  readonly sessionLimit?: { readonly most: number; readonly at: 'connect' | 'mail'; readonly reply: string }
  /** Ms before each reply; `delays` has those of single stages. */
  readonly delayMs?: number
  readonly delays?: Partial<Record<Stage, number>>
  /** A unix socket path instead of a port. */
  readonly path?: string
  readonly host?: string
  /** Default: a free port. */
  readonly port?: number
}

export interface PeerMessage {
  readonly session: number
  readonly mail: string
  readonly rcpts: readonly string[]
  /** Dots unstuffed, without the final dot. */
  readonly data: Buffer
  readonly tls: boolean
  /** Subject of the client certificate; null without one. */
  readonly clientCertificate: string | null
}

export interface SmtpPeer {
  readonly port: number
  readonly messages: PeerMessage[]
  /** Every command line, with the number of its session. */
  readonly commands: { readonly session: number; readonly line: string }[]
  readonly sessions: number
  /** Addresses of the clients, by session. */
  readonly clients: readonly string[]
  /** Open sessions, and the most at the same time. */
  readonly open: number
  readonly mostOpen: number
  /** Sessions that were refused because of `sessionLimit`. */
  readonly refusedSessions: number
  /** Changes the options from now on. */
  change(options: PeerOptions): void
  close(): Promise<void>
}

const ENDING = Buffer.from('\r\n.\r\n')
const defaults = ['PIPELINING', 'SIZE 52428800', '8BITMIME', 'SMTPUTF8', 'DSN', 'ENHANCEDSTATUSCODES']

export async function startSmtpPeer(initial: PeerOptions = {}): Promise<SmtpPeer> {
  const state = {
    options: initial,
    sessions: 0,
    open: new Set<Socket>(),
    messages: [] as PeerMessage[],
    commands: [] as Command[],
    clients: [] as string[],
    refusedSessions: 0,
    mostOpen: 0,
  }
  const server = createServer((socket) => {
    state.open.add(socket)
    state.clients.push(socket.remoteAddress ?? '')
    state.mostOpen = Math.max(state.mostOpen, state.open.size)
    socket.on('close', () => state.open.delete(socket))
    new PeerSession(socket, ++state.sessions, { shared: state, atStart: state.open.size }).begin()
  })
  await listen(server, initial)
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    messages: state.messages,
    commands: state.commands,
    clients: state.clients,
    get sessions() {
      return state.sessions
    },
    get open() {
      return state.open.size
    },
    get mostOpen() {
      return state.mostOpen
    },
    get refusedSessions() {
      return state.refusedSessions
    },
    change: (options) => {
      state.options = options
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of state.open) socket.destroy()
      }),
  }
}

type Command = { readonly session: number; readonly line: string }

interface Shared {
  options: PeerOptions
  readonly messages: PeerMessage[]
  readonly commands: Command[]
  refusedSessions: number
}

class PeerSession {
  #socket: Socket
  readonly #id: number
  readonly #shared: Shared
  #buffer = Buffer.alloc(0)
  #mail = ''
  #rcpts: string[] = []
  #inData = false
  #silent = false
  #count = 0
  #tls = false
  #sasl: ((answer: string) => SaslStep) | null = null
  #loggedIn = false
  readonly #isExcess: boolean

  constructor(
    socket: Socket,
    id: number,
    { shared, atStart }: { readonly shared: Shared /** Open sessions, this one included. */; readonly atStart: number },
  ) {
    this.#socket = socket
    this.#id = id
    this.#shared = shared
    this.#isExcess = atStart > (shared.options.sessionLimit?.most ?? Number.POSITIVE_INFINITY)
    this.#listen(socket)
  }

  begin(): void {
    const { tls, implicitTls } = this.#shared.options
    if (tls && implicitTls) this.#secure(tls)
    if (this.#isExcess && this.#shared.options.sessionLimit?.at === 'connect') return this.#refuseExcess()
    this.#answer('connect', '', '220 peer.test ESMTP')
  }

  #listen(socket: Socket): void {
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      if (this.#silent) return
      this.#buffer = Buffer.concat([this.#buffer, chunk])
      this.#work()
    })
  }

  #work(): void {
    while (!this.#silent && (this.#inData ? this.#takeData() : this.#takeLine())) {}
  }

  #takeLine(): boolean {
    const end = this.#buffer.indexOf('\r\n')
    if (end < 0) return false
    const line = this.#buffer.subarray(0, end).toString('utf8')
    this.#buffer = this.#buffer.subarray(end + 2)
    this.#shared.commands.push({ session: this.#id, line })
    this.#command(line)
    return true
  }

  #command(line: string): void {
    if (this.#sasl) return this.#takeSasl(line)
    const verb = line.split(' ')[0]?.toUpperCase() ?? ''
    const options = this.#shared.options
    if (verb === 'EHLO' || verb === 'LHLO') this.#hello(verb)
    else if (verb === 'HELO') this.#say('250 peer.test')
    else if (verb === 'STARTTLS' && options.tls) this.#startTls(options.tls)
    else if (verb === 'AUTH' && options.auth) this.#auth(options.auth, line)
    else if (verb === 'MAIL') this.#mailCommand(line)
    else if (verb === 'RCPT') this.#rcptCommand(line)
    else if (verb === 'DATA') this.#dataCommand()
    else if (verb === 'RSET') {
      this.#reset()
      this.#answer('rset', '', '250 2.0.0 reset')
    } else if (verb === 'QUIT') {
      this.#say('221 2.0.0 bye')
      this.#socket.end()
    } else this.#say('500 5.5.1 what?')
  }

  #refuseExcess(): void {
    const { reply = '' } = this.#shared.options.sessionLimit ?? {}
    this.#shared.refusedSessions++
    this.#say(reply)
    if (!reply.startsWith('421')) return
    this.#silent = true
    this.#socket.end()
  }

  #hello(verb: string): void {
    const { options } = this.#shared
    if (options.ehloRefusal !== undefined) return this.#say(options.ehloRefusal)
    if (options.heloOnly || (verb === 'LHLO') !== (options.lmtp === true)) return this.#say('502 5.5.1 not here')
    const offered = [...(options.extensions ?? defaults), ...(options.tls && !this.#tls ? ['STARTTLS'] : [])]
    if (options.auth) offered.push(`AUTH ${options.auth.mechanisms.join(' ')}`)
    const lines = ['peer.test', ...offered]
    this.#answer('ehlo', '', lines.map((word, i) => `250${i < lines.length - 1 ? '-' : ' '}${word}`).join('\r\n'))
  }

  #startTls(tls: NonNullable<PeerOptions['tls']>): void {
    if (!this.#answer('starttls', '', '220 2.0.0 go')) return
    if (!this.#shared.options.brokenTls) return this.#secure(tls)
    this.#socket.removeAllListeners('data')
    this.#socket.once('data', () => this.#socket.end('this is no TLS\r\n'))
  }

  #secure(tls: NonNullable<PeerOptions['tls']>): void {
    const plain = this.#socket
    plain.removeAllListeners('data')
    const secured = new TLSSocket(plain, {
      isServer: true,
      secureContext: createSecureContext(tls),
      requestCert: tls.requestCert === true,
      rejectUnauthorized: false,
    })
    this.#tls = true
    this.#socket = secured
    if (this.#shared.options.diesInTls) secured.once('secure', () => plain.destroy())
    this.#listen(secured)
  }

  #auth(account: SaslAccount, line: string): void {
    const [, mechanism = '', initial] = line.split(' ')
    this.#sasl = startSasl(account, mechanism)
    if (!this.#sasl) return this.#say('504 5.5.4 not known')
    this.#takeSasl(initial ?? '')
  }

  #takeSasl(line: string): void {
    const step = this.#sasl?.(Buffer.from(line, 'base64').toString('utf8'))
    if (step && 'challenge' in step) return this.#say(`334 ${Buffer.from(step.challenge).toString('base64')}`)
    this.#sasl = null
    this.#loggedIn = step?.passed === true
    this.#say(this.#loggedIn ? '235 2.7.0 welcome' : '535 5.7.8 wrong')
  }

  #mailCommand(line: string): void {
    if (this.#shared.options.auth && !this.#loggedIn) return this.#say('530 5.7.0 log in first')
    if (this.#mail !== '') return this.#say('503 5.5.1 nested MAIL')
    if (this.#isExcess && this.#shared.options.sessionLimit?.at === 'mail') return this.#refuseExcess()
    if (this.#answer('mail', line, '250 2.1.0 ok')) this.#mail = line
  }

  #rcptCommand(line: string): void {
    if (this.#mail === '') return this.#say('503 5.5.1 MAIL first')
    const limit = this.#shared.options.recipientLimit ?? Number.POSITIVE_INFINITY
    const { tooMany = '452 4.5.3 too many recipients' } = this.#shared.options
    if (this.#rcpts.length >= limit) return this.#say(tooMany)
    if (this.#answer('rcpt', line, '250 2.1.5 ok')) this.#rcpts.push(line)
  }

  #dataCommand(): void {
    if (this.#rcpts.length === 0) return this.#say('554 5.5.1 no valid recipients')
    const going = this.#answer('data', this.#rcpts[0] ?? '', '354 start mail input')
    if (going) this.#inData = true
  }

  #takeData(): boolean {
    const empty = this.#buffer.subarray(0, 3).equals(Buffer.from('.\r\n'))
    const end = empty ? 0 : this.#buffer.indexOf(ENDING)
    if (end < 0) return false
    const data = empty ? Buffer.alloc(0) : this.#buffer.subarray(0, end + 2)
    this.#buffer = this.#buffer.subarray(empty ? 3 : end + ENDING.length)
    this.#inData = false
    this.#finish(Buffer.from(data.toString('latin1').replace(/(^|\r\n)\./g, '$1'), 'latin1'))
    return true
  }

  #finish(data: Buffer): void {
    const { options, messages } = this.#shared
    const message = {
      session: this.#id,
      mail: this.#mail,
      data,
      tls: this.#tls,
      clientCertificate: this.#certificate(),
    }
    if (this.#rcpts.length > (options.messageRecipientLimit ?? Number.POSITIVE_INFINITY)) {
      this.#say('554 5.5.3 too many recipients')
      return this.#reset()
    }
    const accepted = (options.lmtp ? this.#rcpts : this.#rcpts.slice(0, 1)).map((line) =>
      this.#answer('dot', line, '250 2.0.0 kept'),
    )
    const taken = options.lmtp ? this.#rcpts.filter((_, i) => accepted[i]) : accepted[0] ? this.#rcpts : []
    if (taken.length > 0) messages.push({ ...message, rcpts: taken })
    this.#reset()
    if (++this.#count >= (options.messagesPerSession ?? Number.POSITIVE_INFINITY)) this.#socket.end()
  }

  #certificate(): string | null {
    if (!(this.#socket instanceof TLSSocket)) return null
    return this.#socket.getPeerX509Certificate()?.subject ?? null
  }

  #reset(): void {
    this.#mail = ''
    this.#rcpts = []
  }

  /** Replies as the address or the options command. True for a positive reply. */
  #answer(stage: Stage, line: string, yes: string): boolean {
    const { moods, moodsInSession = this.#id } = this.#shared.options
    const mood = (moodsInSession === this.#id ? moods?.[stage] : undefined) ?? moodOf(line, stage)
    if (mood === null) {
      this.#say(this.#shared.options.replies?.[stage] ?? yes, this.#shared.options.delays?.[stage])
      return true
    }
    this.#show(mood, stage)
    return false
  }

  #show(mood: Mood, stage: Stage): void {
    if (mood === 'tempfail') this.#say(`450 4.2.0 not now (${stage})`)
    else if (mood === 'permfail') this.#say(`550 5.1.1 never (${stage})`)
    else if (mood === 'wrong') this.#say(stage === 'data' ? '250 2.0.0 fine' : '354 what now')
    else if (mood === 'garbage') this.#socket.write('hello there\r\n')
    else if (mood === 'closing') {
      this.#say('421 4.3.2 closing')
      this.#silent = true
      this.#socket.end()
    } else {
      this.#silent = true
      if (mood === 'disconnect') this.#socket.destroy()
    }
  }

  #say(reply: string, delay = this.#shared.options.delayMs ?? 0): void {
    const write = () => {
      if (!this.#socket.destroyed) this.#socket.write(`${reply}\r\n`)
    }
    if (delay > 0) setTimeout(write, delay)
    else write()
  }
}

/** `tempfail-rcpt@…` and `tempfail-rcpt+anything@…` are commands for the stage that they name. */
function moodOf(line: string, stage: Stage): Mood | null {
  const match = /<(tempfail|permfail|stall|disconnect|wrong|closing|garbage)-(\w+?)(?:[+.][^@]*)?@/.exec(line)
  return match && match[2] === stage ? (match[1] as Mood) : null
}

function listen(server: Server, options: PeerOptions): Promise<void> {
  return new Promise((resolve) => {
    if (options.path !== undefined) server.listen(options.path, resolve)
    else server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
}
