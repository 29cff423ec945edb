// A raw SMTP client for tests: sends exactly the given octets, reads replies line by line, upgrades to TLS on request.
// It knows nothing of SMTP beyond where a reply ends, so that it can misbehave in every way.

import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'

/** A reply as it came: the code, all lines without CRLF, and their text without the code. */
export interface HeardReply {
  readonly code: number
  readonly lines: readonly string[]
  readonly text: string
}

export interface DialogueOptions {
  readonly host?: string
  readonly port: number
  /** TLS from the first octet. */
  readonly tls?: ConnectionOptions
  /** How long to wait for a reply before the test fails. */
  readonly timeoutMs?: number
}

export interface SmtpDialogue {
  /** Sends text or octets as they are. */
  write(text: string | Uint8Array): void
  /** Sends one line, CRLF added. */
  send(line: string): void
  /** The next reply. Rejects if the connection ends first or nothing comes. */
  reply(): Promise<HeardReply>
  /** Sends a line (unless null) and wants a reply that starts with `expected`: a code, or code and enhanced status. */
  expect(line: string | null, expected: string): Promise<HeardReply>
  /** Sends all lines in one write and wants the replies in order. */
  pipeline(lines: readonly string[], expected: readonly string[]): Promise<HeardReply[]>
  /** TLS on top of the connection, after the server said 220 to STARTTLS. */
  startTls(options?: ConnectionOptions): Promise<void>
  /** Resolves when the server has closed; rejects if it does not. Replies that came are kept. */
  closed(): Promise<void>
  /** Everything the server has sent so far, raw. */
  readonly heard: string
  readonly socket: Socket
  /** Closes properly. */
  end(): void
  /** Drops the connection, with a reset where there is no TLS. */
  reset(): void
}

const DEFAULT_TIMEOUT_MS = 15_000

/** Connects; the greeting is the first `reply()`. */
export async function connectDialogue(options: DialogueOptions): Promise<SmtpDialogue> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const at = { host: options.host ?? '127.0.0.1', port: options.port }
  const first = options.tls ? connectTls({ ...at, ...options.tls }) : connectTcp(at)
  // Sends every write of a test at once, as one packet.
  first.setNoDelay(true)
  await opened(first, options.tls ? 'secureConnect' : 'connect')
  return createDialogue(first, timeoutMs)
}

function createDialogue(first: Socket, timeoutMs: number): SmtpDialogue {
  let socket = first
  const ears = createEars(timeoutMs)
  ears.listenTo(socket)
  const expectReply = async (line: string | null, expected: string): Promise<HeardReply> => {
    if (line !== null) socket.write(`${line}\r\n`)
    const reply = await ears.reply()
    if (!reply.lines.every((text) => matches(text, expected)))
      throw new Error(`expected ${expected} to ${line ?? '(nothing)'}, heard ${reply.lines.join(' | ')}`)
    return reply
  }
  return {
    get heard() {
      return ears.heard()
    },
    get socket() {
      return socket
    },
    write: (text) => void socket.write(text),
    send: (line) => void socket.write(`${line}\r\n`),
    reply: () => ears.reply(),
    expect: expectReply,
    pipeline: async (lines, expected) => {
      socket.write(lines.map((line) => `${line}\r\n`).join(''))
      const replies: HeardReply[] = []
      for (const each of expected) replies.push(await expectReply(null, each))
      return replies
    },
    startTls: async (options) => {
      socket.removeAllListeners('data')
      const upgraded: TLSSocket = connectTls({ socket, rejectUnauthorized: false, ...options })
      await opened(upgraded, 'secureConnect')
      socket = upgraded
      ears.listenTo(socket)
    },
    closed: () => ears.closed(),
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

interface Ears {
  listenTo(socket: Socket): void
  reply(): Promise<HeardReply>
  closed(): Promise<void>
  heard(): string
}

function createEars(timeoutMs: number): Ears {
  const replies: HeardReply[] = []
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
      if (left <= 0) throw new Error(`${what}; heard so far: ${JSON.stringify(raw.slice(-500))}`)
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
    listenTo: (socket) => {
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
      if (!reply) throw new Error(`connection closed instead of a reply; heard: ${JSON.stringify(raw.slice(-500))}`)
      return reply
    },
    closed: () => until(() => over, 'the server did not close'),
    heard: () => raw,
  }
}
