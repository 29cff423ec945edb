// One connection as a dialogue: octets out, replies in, each with a time-out. Only this file of the client reads a socket. It knows no
// commands. The end of the connection is a value that every later call returns.

import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import type { Secured } from '../tls-policy/client-tls.ts'
import { createDeadline, type Deadline } from './connection-timer.ts'
import { createReplyReader, type ReplyReader } from './reply-reader.ts'
import type { PeerReply } from './transport.ts'

/** Unread replies that are allowed. Pipelining leaves one for each command of an envelope. */
const MAX_UNREAD = 2000

/** Ms that a peer may take to close after QUIT. */
const QUIT_TIME_MS = 5000

/** Why a connection ended whose attempt used up its time. */
const ATTEMPT_TOO_LONG = 'timed out: the whole attempt took too long'

export type DialogueEvent =
  | { readonly kind: 'reply'; readonly reply: PeerReply }
  | { readonly kind: 'lost'; readonly cause: string }
  | { readonly kind: 'protocol-error'; readonly cause: string }

type DialogueEnd = Exclude<DialogueEvent, { readonly kind: 'reply' }>

export class Dialogue {
  #socket: Socket
  readonly #clock: Clock
  #deadline: Deadline
  #reader: ReplyReader = createReplyReader()
  readonly #unread: PeerReply[] = []
  #reading: ((event: DialogueEvent) => void) | null = null
  #draining: (() => void) | null = null
  #end: DialogueEnd | null = null
  /** Monotonic ms at which all waiting ends. A peer that sends each reply just in time could otherwise hold the connection for an hour. */
  #until: number

  constructor(socket: Socket, clock: Clock, until = Number.POSITIVE_INFINITY) {
    this.#socket = socket
    this.#clock = clock
    this.#until = until
    this.#deadline = createDeadline(clock, () => this.#finish({ kind: 'lost', cause: this.#timeoutCause() }))
    this.#listen(socket)
  }

  /** Why the connection ended; null while it is open. */
  get end(): DialogueEnd | null {
    return this.#end
  }

  /** True if replies, or a part of one, arrived that were not read. */
  get hasUnread(): boolean {
    return this.#unread.length > 0 || this.#reader.pending
  }

  get clock(): Clock {
    return this.#clock
  }

  /** Sets the monotonic time, in ms, at which all waiting ends; infinity for none. */
  endAt(until: number): void {
    this.#until = until
  }

  /** `timeout`, or the time that is left, ms. */
  withinLimit(timeout: number): number {
    if (this.#until === Number.POSITIVE_INFINITY) return timeout
    return Math.max(0, Math.min(timeout, this.#until - this.#clock.monotonic()))
  }

  /** Writes text as UTF-8, or octets. Returns false if the peer reads more slowly than this node writes: then wait for `drained`. */
  write(data: string | Buffer): boolean {
    if (this.#end) return true
    return this.#socket.write(data)
  }

  /** Writes several pieces as one, without a copy. */
  writeTogether(pieces: readonly Buffer[]): boolean {
    if (this.#end) return true
    const socket = this.#socket
    socket.cork()
    let isDrained = true
    for (const piece of pieces) isDrained = socket.write(piece)
    socket.uncork()
    return isDrained
  }

  /** Reads the next reply, waiting for it at most `timeout` ms. */
  nextReply(timeout: number): Promise<DialogueEvent> {
    const ready = this.peekReply()
    if (ready) {
      this.#unread.shift()
      return Promise.resolve(ready)
    }
    this.#deadline.set(this.withinLimit(timeout))
    return new Promise((resolve) => {
      this.#reading = resolve
    })
  }

  /** A reply that arrived and stays unread, or the end of the connection, or null. */
  peekReply(): DialogueEvent | null {
    const reply = this.#unread[0]
    if (reply) return { kind: 'reply', reply }
    return this.#end
  }

  /** Resolves when written data has left the buffer, when the connection ends, or when a reply arrives early. At most `timeout` ms. */
  drained(timeout: number): Promise<void> {
    if (this.#end || this.#unread.length > 0 || !this.#socket.writableNeedDrain) return Promise.resolve()
    this.#deadline.set(this.withinLimit(timeout))
    return new Promise((resolve) => {
      this.#draining = resolve
    })
  }

  /**
   * Replaces the socket by the result of `upgrade` (STARTTLS). Further replies that arrived before TLS are an injection (RFC 3207 section
   * 6): the caller checks `hasUnread` first.
   */
  async upgrade(upgrade: (plain: Socket) => Promise<Secured>): Promise<Secured> {
    const plain = this.#socket
    plain.removeAllListeners('data')
    plain.removeAllListeners('drain')
    const secured = await upgrade(plain)
    if (secured.kind !== 'secured') return secured
    this.#socket = secured.socket
    this.#reader = createReplyReader()
    this.#listen(secured.socket)
    return secured
  }

  /** Destroys the socket. A pending read returns `lost`. */
  close(cause: string): void {
    this.#finish({ kind: 'lost', cause })
  }

  /** Writes a last line and closes without a wait for the reply. */
  closeWith(line: string): void {
    if (this.#end) return
    this.#end = { kind: 'lost', cause: 'closed by the client' }
    this.#deadline.stop()
    const socket = this.#socket
    socket.end(line)
    // A peer that never closes its side must not keep the socket.
    this.#clock.after(QUIT_TIME_MS, () => socket.destroy())
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => this.#resumeWriter())
    socket.on('error', (error: Error) => this.#finish({ kind: 'lost', cause: error.message }))
    socket.on('end', () => this.#finish({ kind: 'lost', cause: 'connection closed by the peer' }))
    socket.on('close', () => this.#finish({ kind: 'lost', cause: 'connection closed by the peer' }))
  }

  #receive(chunk: Buffer): void {
    if (this.#end) return
    const result = this.#reader.push(chunk)
    if (result.kind === 'fault') return this.#finish({ kind: 'protocol-error', cause: result.cause })
    for (const reply of result.replies) this.#deliver(reply)
    if (this.#unread.length > MAX_UNREAD) this.#finish({ kind: 'protocol-error', cause: 'too many replies' })
    else if (this.#unread.length > 0) this.#resumeWriter()
  }

  #deliver(reply: PeerReply): void {
    const reading = this.#reading
    if (!reading) {
      this.#unread.push(reply)
      return
    }
    this.#reading = null
    this.#deadline.clear()
    reading({ kind: 'reply', reply })
  }

  #resumeWriter(): void {
    const draining = this.#draining
    if (!draining) return
    this.#draining = null
    this.#deadline.clear()
    draining()
  }

  #timeoutCause(): string {
    return this.#clock.monotonic() < this.#until ? 'timed out' : ATTEMPT_TOO_LONG
  }

  #finish(end: DialogueEnd): void {
    if (this.#end) return
    this.#end = end
    this.#deadline.stop()
    this.#socket.destroy()
    const reading = this.#reading
    this.#reading = null
    reading?.(end)
    this.#resumeWriter()
  }
}
