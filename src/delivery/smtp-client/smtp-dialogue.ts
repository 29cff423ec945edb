// One connection as a dialogue: octets out, replies in, each with its own time-out. The only file of the client that
// listens to a socket. It does not know commands; a lost connection is a value that every later question gets as answer.

import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { createDeadline, type Deadline } from './connection-timer.ts'
import { createReplyReader, type ReplyReader } from './reply-reader.ts'
import type { Secured } from '../tls-policy/client-tls.ts'
import type { PeerReply } from './transport.ts'

/** Replies that nobody asked for; a 421 before the peer hangs up is usual, more is not. */
const MAX_UNREAD = 2000

export type DialogueEvent =
  | { readonly kind: 'reply'; readonly reply: PeerReply }
  | { readonly kind: 'lost'; readonly cause: string }
  | { readonly kind: 'protocol-error'; readonly cause: string }

type End = Exclude<DialogueEvent, { readonly kind: 'reply' }>

export class Dialogue {
  #socket: Socket
  readonly #clock: Clock
  #deadline: Deadline
  #reader: ReplyReader = createReplyReader()
  readonly #unread: PeerReply[] = []
  #waiting: ((answer: DialogueEvent) => void) | null = null
  #draining: (() => void) | null = null
  #end: End | null = null

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.#deadline = createDeadline(clock, () => this.#finish({ kind: 'lost', cause: 'timed out' }))
    this.#listen(socket)
  }

  /** Why there is nothing more to expect, or null while the connection stands. */
  get end(): End | null {
    return this.#end
  }

  /** Has the peer said something that nobody asked for? */
  get hasUnread(): boolean {
    return this.#unread.length > 0 || this.#reader.pending
  }

  get clock(): Clock {
    return this.#clock
  }

  /** Writes; false if the peer reads slower than we write (then wait for `drained`). Text goes out as UTF-8. */
  write(data: string | Buffer): boolean {
    if (this.#end) return true
    return this.#socket.write(data)
  }

  /** Writes several pieces at once, as if they were one, without copying them into one. */
  writeTogether(pieces: readonly Buffer[]): boolean {
    if (this.#end) return true
    const socket = this.#socket
    socket.cork()
    let hasRoom = true
    for (const piece of pieces) hasRoom = socket.write(piece)
    socket.uncork()
    return hasRoom
  }

  /** The next reply, waiting for it at most `timeout` ms. */
  nextReply(timeout: number): Promise<DialogueEvent> {
    const ready = this.peekReply()
    if (ready) {
      this.#unread.shift()
      return Promise.resolve(ready)
    }
    this.#deadline.set(timeout)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  /** A reply that is already here (it stays), or the end of the connection, or null. */
  peekReply(): DialogueEvent | null {
    const reply = this.#unread[0]
    if (reply) return { kind: 'reply', reply }
    return this.#end
  }

  /** Resolves when written data has left our buffer, the connection ended, or a reply came early. At most `timeout` ms. */
  drained(timeout: number): Promise<void> {
    if (this.#end || this.#unread.length > 0 || !this.#socket.writableNeedDrain) return Promise.resolve()
    this.#deadline.set(timeout)
    return new Promise((resolve) => {
      this.#draining = resolve
    })
  }

  /**
   * Replaces the socket by what `upgrade` makes of it (STARTTLS). Replies that arrived before TLS, behind the one that allowed it, are
   * an injection (RFC 3207 section 6): the caller checks `hasUnread` first.
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

  /** Destroys the socket; waiting questions are answered as lost. */
  close(cause: string): void {
    this.#finish({ kind: 'lost', cause })
  }

  /** Says a last line and closes without waiting. */
  closeWith(line: string): void {
    if (this.#end) return
    this.#end = { kind: 'lost', cause: 'closed by us' }
    this.#deadline.stop()
    const socket = this.#socket
    socket.end(line)
    // A peer that never closes its half must not keep the socket: QUIT needs no answer.
    this.#clock.sleep(FAREWELL_TIME).then(
      () => socket.destroy(),
      () => socket.destroy(),
    )
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('drain', () => this.#wakeWriter())
    socket.on('error', (error: Error) => this.#finish({ kind: 'lost', cause: error.message }))
    socket.on('end', () => this.#finish({ kind: 'lost', cause: 'connection closed by the peer' }))
    socket.on('close', () => this.#finish({ kind: 'lost', cause: 'connection closed by the peer' }))
  }

  #take(chunk: Buffer): void {
    if (this.#end) return
    const result = this.#reader.push(chunk)
    if (result.kind === 'fault') return this.#finish({ kind: 'protocol-error', cause: result.cause })
    for (const reply of result.replies) this.#deliver(reply)
    if (this.#unread.length > MAX_UNREAD)
      this.#finish({ kind: 'protocol-error', cause: 'replies that nobody asked for' })
    else if (this.#unread.length > 0) this.#wakeWriter()
  }

  #deliver(reply: PeerReply): void {
    const waiting = this.#waiting
    if (!waiting) {
      this.#unread.push(reply)
      return
    }
    this.#waiting = null
    this.#deadline.clear()
    waiting({ kind: 'reply', reply })
  }

  #wakeWriter(): void {
    const draining = this.#draining
    if (!draining) return
    this.#draining = null
    this.#deadline.clear()
    draining()
  }

  #finish(end: End): void {
    if (this.#end) return
    this.#end = end
    this.#deadline.stop()
    this.#socket.destroy()
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.(end)
    this.#wakeWriter()
  }
}

/** How long a peer may take to close after QUIT. */
const FAREWELL_TIME = 5000
