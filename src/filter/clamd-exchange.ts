// One command to clamd on one connection: the message is streamed while it is read, the reply has a limit, and every failure of the
// server is a return value.

import { connect, type Socket } from 'node:net'
import type { Clock, Timer } from '../lib/clock.ts'
import { createOctetList, joinOctets } from '../lib/octet-list.ts'
import { readEndpoint } from '../lib/endpoint.ts'
import { type Content, contentSize, openMessage } from '../message/content.ts'

/** Octets of a reply: one line with the name of a virus. The limit bounds memory. */
export const MAX_REPLY_OCTETS = 4096
/** clamd runs on this host or near it: a connection that takes longer will not succeed. */
const CONNECT_MS = 3_000
/** clamd receives the message into a file. One that takes nothing for this long is stuck, or has far too much work. */
export const SILENCE_MS = 15_000
/** Octets of the length of a chunk, and the zero length that ends the stream (clamd(8), INSTREAM). */
const LENGTH_OCTETS = 4
const INSTREAM = 'zINSTREAM'
const endOfStream = Buffer.alloc(LENGTH_OCTETS)

/**
 * clamd decodes MIME only in what it recognizes as mail, by the first octets (libclamav/filetypes_int.h). A sender could begin with a field
 * that it does not know. The field is not part of the message, but looks like the one that the node adds in front.
 */
const mailMark = Buffer.from('Received: from client by waypost\r\n')

export type ClamdQuestion =
  | { readonly kind: 'scan'; readonly content: Content }
  /** Announces a message and sends nothing of it: a server that does not take so much says so, the others close the connection. */
  | { readonly kind: 'announce'; readonly content: Content }
  | { readonly kind: 'PING' | 'VERSION' }

export interface ClamdRequest {
  /** `host:port` or `unix:/path`; the configuration checks the form. */
  readonly server: string
  readonly clock: Pick<Clock, 'after'>
  readonly ask: ClamdQuestion
  /** Milliseconds from the connection to the end of the reply. */
  readonly limitMs: number
}

export type ClamdExchanged =
  /** `isWhole`: the reply came after the end of the message. */
  | { readonly kind: 'replied'; readonly text: string; readonly isWhole: boolean }
  /** `isCut`: the server closed the connection while the message was sent. */
  | { readonly kind: 'failed'; readonly cause: string; readonly isCut?: boolean }

/** Sends one command and reads its reply. Rejects only if the content cannot be read. */
export function exchangeWithClamd({ server, clock, ask, limitMs }: ClamdRequest): Promise<ClamdExchanged> {
  const { promise, resolve, reject } = Promise.withResolvers<ClamdExchanged>()
  const socket = openSocket(server)
  const fail = (cause: string, isCut = false) => resolve({ kind: 'failed', cause, isCut })
  const timers = [clock.after(limitMs, () => fail(`no reply within ${limitMs} ms`))]
  limitConnecting(socket, clock, fail)
  let isWhole = false
  readReply(socket, (text) => resolve({ kind: 'replied', text, isWhole }), fail)
  if (ask.kind === 'scan') {
    const sent = { clock, onSilence: () => fail(`it took nothing for ${SILENCE_MS} ms`), onEnd: () => (isWhole = true) }
    sendStream(socket, ask.content, sent).catch(reject)
  } else if (ask.kind === 'announce') {
    socket.write(`${INSTREAM}\0`)
    socket.end(lengthOf(mailMark.length + contentSize(ask.content)))
  } else socket.write(`z${ask.kind}\0`)
  return promise.finally(() => {
    for (const timer of timers) timer.cancel()
    socket.destroy()
  })
}

function openSocket(server: string): Socket {
  const endpoint = readEndpoint(server)
  const socket = endpoint ? connect(endpoint) : connect(server.slice('unix:'.length))
  // The limits end the exchange, and an exchange without a reader does not delay the end of the process.
  return socket.unref()
}

function limitConnecting(socket: Socket, clock: Pick<Clock, 'after'>, fail: (cause: string) => void): void {
  const timer = clock.after(CONNECT_MS, () => fail(`no connection within ${CONNECT_MS} ms`))
  for (const event of ['connect', 'close'] as const) socket.once(event, () => timer.cancel())
}

function readReply(
  socket: Socket,
  replied: (text: string) => void,
  fail: (cause: string, isCut?: boolean) => void,
): void {
  const octets = createOctetList()
  socket.on('data', (chunk: Buffer) => {
    octets.add(chunk)
    if (chunk.includes(0)) {
      const [text = ''] = joinOctets(octets).toString('latin1').split('\0', 1)
      replied(text)
    } else if (octets.length > MAX_REPLY_OCTETS) fail(`a reply of more than ${MAX_REPLY_OCTETS} octets`)
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const isCut = error.code === 'EPIPE' || error.code === 'ECONNRESET'
    fail(`${error.message || String(error)}${isCut ? ` after ${socket.bytesWritten} octets` : ''}`, isCut)
  })
  for (const event of ['end', 'close'] as const)
    socket.on(event, () => fail('it closed the connection without a reply', true))
}

interface Sending {
  readonly clock: Pick<Clock, 'after'>
  readonly onSilence: () => void
  /** Called just before the end of the stream is written. */
  readonly onEnd: () => void
}

/** Writes no faster than the server reads. Ends early when the socket is gone; rejects if the content cannot be read. */
async function sendStream(socket: Socket, content: Content, { clock, onSilence, onEnd }: Sending): Promise<void> {
  socket.write(`${INSTREAM}\0`)
  writeChunk(socket, mailMark)
  for await (const chunk of openMessage(content) as AsyncIterable<Buffer>) {
    // A server whose limit is exceeded replies and resets the connection. A failed write loses the reply, so it is read first.
    await new Promise((resolve) => setImmediate(resolve))
    if (socket.destroyed) return
    // A chunk of length zero would end the stream.
    if (chunk.length > 0 && !writeChunk(socket, chunk)) await roomIn(socket, clock.after(SILENCE_MS, onSilence))
  }
  if (socket.destroyed) return
  onEnd()
  socket.write(endOfStream)
}

function lengthOf(octets: number): Buffer {
  const length = Buffer.alloc(LENGTH_OCTETS)
  length.writeUInt32BE(octets)
  return length
}

/** The length and the chunk itself in one system call, without a copy. */
function writeChunk(socket: Socket, chunk: Buffer): boolean {
  socket.cork()
  socket.write(lengthOf(chunk.length))
  const hasRoom = socket.write(chunk)
  socket.uncork()
  return hasRoom
}

/** Resolves when the server has taken what was written, or the socket is gone. */
async function roomIn(socket: Socket, silence: Timer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (socket.destroyed) resolve()
  socket.on('drain', resolve).on('close', resolve)
  await promise
  socket.off('drain', resolve).off('close', resolve)
  silence.cancel()
}
