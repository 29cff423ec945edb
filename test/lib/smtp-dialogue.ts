// A raw SMTP client for tests: sends exactly the given octets, reads replies line by line, upgrades to TLS on request.
// It only detects the end of a reply, so that a test can send anything.

import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { createSaslPlanter } from './planted-secrets.ts'

/** A received reply: the code, all lines without CRLF, and their text without the code. */
export interface ReceivedReply {
  readonly code: number
  readonly lines: readonly string[]
  readonly text: string
}

export interface DialogueOptions {
  readonly host?: string
  readonly port: number
  /** The address that the server sees. */
  readonly localAddress?: string
  /** TLS from the first octet. */
  readonly tls?: ConnectionOptions
  /** Wait for a reply before the test fails. */
  readonly timeoutMs?: number
}

export interface SmtpDialogue {
  /** Sends text or octets unchanged. */
  write(text: string | Uint8Array): void
  /** Sends one line with CRLF. */
  send(line: string): void
  /** The next reply. Rejects if the connection ends first or the time is over. */
  reply(): Promise<ReceivedReply>
  /** Sends a line (unless null) and expects a reply that starts with `expected`: a code, or code and enhanced status. */
  expect(line: string | null, expected: string): Promise<ReceivedReply>
  /** Sends all lines in one write and expects the replies in order. */
  pipeline(lines: readonly string[], expected: readonly string[]): Promise<ReceivedReply[]>
  /** Starts TLS after the 220 to STARTTLS. */
  startTls(options?: ConnectionOptions): Promise<void>
  /** Resolves when the server has closed; rejects if it does not. Received replies are kept. */
  closed(): Promise<void>
  /** Everything that the server has sent. */
  readonly received: string
  readonly socket: Socket
  /** Ends the connection regularly. */
  end(): void
  /** Drops the connection, with a reset where there is no TLS. */
  reset(): void
}

const DEFAULT_TIMEOUT_MS = 15_000

/** Connects; the greeting is the first `reply()`. */
export async function connectDialogue(options: DialogueOptions): Promise<SmtpDialogue> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const { port, localAddress } = options
  const at = { host: options.host ?? '127.0.0.1', port, ...(localAddress === undefined ? {} : { localAddress }) }
  const first = options.tls ? connectTls({ ...at, ...options.tls }) : connectTcp(at)
  // Sends every write of a test at once, as one packet.
  first.setNoDelay(true)
  await opened(first, options.tls ? 'secureConnect' : 'connect')
  return createDialogue(first, timeoutMs)
}

function createDialogue(first: Socket, timeoutMs: number): SmtpDialogue {
  let socket = first
  const plantSasl = createSaslPlanter()
  const reader = createReplyReader(timeoutMs)
  reader.read(socket)
  const expectReply = async (line: string | null, expected: string): Promise<ReceivedReply> => {
    if (line !== null) {
      plantSasl(line)
      socket.write(`${line}\r\n`)
    }
    const reply = await reader.reply()
    if (!reply.lines.every((text) => matches(text, expected)))
      throw new Error(`expected ${expected} to ${line ?? '(nothing)'}, received ${reply.lines.join(' | ')}`)
    return reply
  }
  return {
    get received() {
      return reader.heard()
    },
    get socket() {
      return socket
    },
    write: (text) => {
      plantSasl(typeof text === 'string' ? text : Buffer.from(text).toString('latin1'))
      socket.write(text)
    },
    send: (line) => {
      plantSasl(line)
      socket.write(`${line}\r\n`)
    },
    reply: () => reader.reply(),
    expect: expectReply,
    pipeline: async (lines, expected) => {
      for (const line of lines) plantSasl(line)
      socket.write(lines.map((line) => `${line}\r\n`).join(''))
      const replies: ReceivedReply[] = []
      for (const each of expected) replies.push(await expectReply(null, each))
      return replies
    },
    startTls: async (options) => {
      socket.removeAllListeners('data')
      const upgraded: TLSSocket = connectTls({ socket, rejectUnauthorized: false, ...options })
      await opened(upgraded, 'secureConnect')
      socket = upgraded
      reader.read(socket)
    },
    closed: () => reader.closed(),
    end: () => void socket.end(),
    reset: () => void ('encrypted' in socket ? socket.destroy() : socket.resetAndDestroy()),
  }
}

/** `250` matches `250 …` and `250-…`; `550 5.1.1` matches `550 5.1.1 …` and `550-5.1.1 …`. */
function matches(line: string, expected: string): boolean {
  const start = line.slice(0, 3) + ' ' + line.slice(4)
  return start === expected || start.startsWith(`${expected} `)
}

function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before it was open')))
    socket.once(event, () => {
      socket.removeListener('error', reject)
      socket.on('error', () => {})
      resolve()
    })
  })
}

interface ReplyReader {
  read(socket: Socket): void
  reply(): Promise<ReceivedReply>
  closed(): Promise<void>
  heard(): string
}

function createReplyReader(timeoutMs: number): ReplyReader {
  const replies: ReceivedReply[] = []
  let raw = ''
  let rest = ''
  let lines: string[] = []
  let over = false
  let wake: () => void = () => {}
  const take = (chunk: Buffer) => {
    raw += chunk.toString('utf8')
    rest += chunk.toString('utf8')
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 2)
      lines.push(line)
      if (line[3] === '-') continue
      replies.push({ code: Number(line.slice(0, 3)), lines, text: lines.map((each) => each.slice(4)).join('\n') })
      lines = []
    }
    wake()
  }
  const until = async (ready: () => boolean, what: string): Promise<void> => {
    const deadline = Date.now() + timeoutMs
    while (!ready()) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`${what}; received so far: ${JSON.stringify(raw.slice(-500))}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  return {
    read: (socket) => {
      over = false
      socket.on('data', take)
      socket.once('close', () => {
        over = true
        wake()
      })
    },
    reply: async () => {
      await until(() => replies.length > 0 || over, 'no reply in time')
      const reply = replies.shift()
      if (!reply) throw new Error(`connection closed instead of a reply; received: ${JSON.stringify(raw.slice(-500))}`)
      return reply
    },
    closed: () => until(() => over, 'the server did not close'),
    heard: () => raw,
  }
}
