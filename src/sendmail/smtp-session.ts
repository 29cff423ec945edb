// One SMTP connection to a node on this machine, for programs that must start fast: commands and replies, one at a time. Delivery to other
// hosts has its own client (delivery/smtp-client).

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import type { Reply } from '../smtp/reply.ts'

export type Place =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string }

export interface SmtpSession {
  /** Sends a line, or only waits if it is null. Rejects with ConnectionLost if the node does not answer. */
  ask(line: string | null): Promise<Reply>
  /** Sends octets and waits for the reply. */
  send(octets: Buffer): Promise<Reply>
  close(): void
}

/** The node is down, or does not answer; the message is the cause. */
export class ConnectionLost extends Error {}

/** The node is on this machine, so it answers at once, unless it is overloaded; it runs its checks before it answers to a message. */
const REPLY_MS = 60_000
const MESSAGE_MS = 600_000
/** Octets of replies that are kept; ours have a few lines. */
const MAX_REPLY = 65_536

export function openSession(place: Place, clock: Pick<Clock, 'after'>): SmtpSession {
  const socket = connect(place.kind === 'tcp' ? { host: place.host, port: place.port } : { path: place.path })
  socket.setNoDelay(true)
  return new ReplyReader(socket, clock)
}

/** A class, as its parts change with each chunk. */
class ReplyReader implements SmtpSession {
  readonly #socket: Socket
  readonly #clock: Pick<Clock, 'after'>
  #text = ''
  #lost: ConnectionLost | null = null
  #wake: (() => void) | null = null

  constructor(socket: Socket, clock: Pick<Clock, 'after'>) {
    this.#socket = socket
    this.#clock = clock
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      this.#text += chunk
      if (this.#text.length > MAX_REPLY) this.#end('the reply is too long')
      this.#wake?.()
    })
    socket.on('error', (error) => this.#end(error.message))
    socket.on('close', () => this.#end('the node closed the connection'))
  }

  ask(line: string | null): Promise<Reply> {
    return this.#exchange(line === null ? null : `${line}\r\n`, REPLY_MS)
  }

  send(octets: Buffer): Promise<Reply> {
    return this.#exchange(octets, MESSAGE_MS)
  }

  close(): void {
    this.#end('closed')
  }

  async #exchange(data: string | Buffer | null, ms: number): Promise<Reply> {
    if (data !== null && !this.#lost) this.#socket.write(data)
    const late = this.#clock.after(ms, () => this.#end('no reply in time'))
    try {
      for (;;) {
        const reply = this.#take()
        if (reply) return reply
        if (this.#lost) throw this.#lost
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      late.cancel()
    }
  }

  /** The first whole reply of what arrived (RFC 5321 4.2.1). */
  #take(): Reply | null {
    const match = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: ([^\n]*))?\n/.exec(this.#text)
    if (!match) return null
    this.#text = this.#text.slice(match[0].length)
    const lines = match[0].trimEnd().split(/\r?\n/)
    const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(lines.at(-1) as string)?.[1] ?? ''
    const text = lines.map((line) => line.slice(4).replace(enhanced, '').trim()).join('\n')
    return { code: Number(match[1]), enhanced, text }
  }

  #end(cause: string): void {
    this.#lost ??= new ConnectionLost(cause)
    this.#socket.destroy()
    this.#wake?.()
  }
}
