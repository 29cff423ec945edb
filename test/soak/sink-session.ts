// One SMTP session of a sink: it reads commands and messages, and asks `SinkHooks` at the points where a mail host can fail. It shares no code
// with the program.

import type { Socket } from 'node:net'

/** What the host does in place of a good answer. `stall` answers late. */
export type SinkFault =
  | { readonly kind: 'reply'; readonly line: string }
  | { readonly kind: 'stall'; readonly ms: number }
  | { readonly kind: 'reset' }

export interface Envelope {
  readonly reversePath: string
  readonly recipient: string
}

export interface SinkHooks {
  /** At RCPT and at DATA. Null: no fault. */
  fault(envelope: Envelope, stage: 'rcpt' | 'data'): SinkFault | null
  /** In the middle of the data: true closes the connection there. */
  cuts(envelope: Envelope): boolean
  /** A complete message, as it was on the wire, without the final dot. Returns the reply, or null to close the connection without one. */
  received(envelope: Envelope, message: Buffer): string | null
}

const END = Buffer.from('\r\n.\r\n')
/** The final dot with its line end. */
const FINAL_DOT_OCTETS = 3
const NOTHING = { reversePath: '', recipient: '' }
/** The longest command line that is kept, octets. A longer one is not from a mail server. */
const MOST_COMMAND = 8192

/** Serves a connection until it ends. */
export function serveSink(socket: Socket, hooks: SinkHooks): void {
  const session = new SinkSession(socket, hooks)
  let pending = Promise.resolve()
  socket.setNoDelay()
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    pending = pending.then(() => session.take(chunk))
  })
  socket.write('220 sink ESMTP\r\n')
}

class SinkSession {
  readonly #socket: Socket
  readonly #hooks: SinkHooks
  #envelope: Envelope = NOTHING
  #text = ''
  #inData = false
  #chunks: Buffer[] = []

  constructor(socket: Socket, hooks: SinkHooks) {
    this.#socket = socket
    this.#hooks = hooks
  }

  async take(chunk: Buffer): Promise<void> {
    if (this.#socket.destroyed) return
    if (this.#inData) return this.#data(chunk)
    this.#text += chunk.toString('latin1')
    for (let end = this.#text.indexOf('\r\n'); end >= 0 && !this.#inData; end = this.#text.indexOf('\r\n')) {
      const line = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + 2)
      await this.#command(line)
      if (this.#socket.destroyed) return
    }
    if (this.#text.length > MOST_COMMAND) this.#socket.destroy()
    if (!this.#inData || this.#text === '') return
    const rest = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    this.#data(rest)
  }

  async #command(line: string): Promise<void> {
    switch (line.slice(0, 4).toUpperCase()) {
      case 'EHLO':
        return this.#answer('250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING')
      case 'MAIL':
        this.#envelope = { reversePath: pathIn(line), recipient: '' }
        return this.#answer('250 2.1.0 Ok')
      case 'RCPT':
        return this.#recipient({ ...this.#envelope, recipient: pathIn(line) })
      case 'DATA':
        if (this.#envelope.recipient === '') return this.#answer('554 5.5.1 No valid recipients')
        if (await this.#fails(this.#hooks.fault(this.#envelope, 'data'))) return
        this.#inData = true
        return this.#answer('354 End data with <CR><LF>.<CR><LF>')
      case 'QUIT':
        this.#answer('221 2.0.0 Bye')
        return void this.#socket.end()
      case 'RSET':
        this.#envelope = NOTHING
    }
    this.#answer('250 2.0.0 Ok')
  }

  async #recipient(envelope: Envelope): Promise<void> {
    if (await this.#fails(this.#hooks.fault(envelope, 'rcpt'))) return
    this.#envelope = envelope
    this.#answer('250 2.1.5 Ok')
  }

  #data(chunk: Buffer): void {
    if (this.#chunks.length === 0 && this.#hooks.cuts(this.#envelope)) return void this.#socket.destroy()
    this.#chunks.push(chunk)
    if (!endsMessage(this.#chunks)) return
    const message = Buffer.concat(this.#chunks)
    const envelope = this.#envelope
    this.#chunks = []
    this.#inData = false
    this.#envelope = NOTHING
    const reply = this.#hooks.received(envelope, message.subarray(0, message.length - FINAL_DOT_OCTETS))
    if (reply === null) this.#socket.destroy()
    else this.#answer(reply)
  }

  /** True if the command has its answer, or the connection has ended. */
  async #fails(fault: SinkFault | null): Promise<boolean> {
    if (fault === null) return false
    if (fault.kind === 'stall') {
      await new Promise((resolve) => setTimeout(resolve, fault.ms))
      return this.#socket.destroyed
    }
    if (fault.kind === 'reset') this.#socket.resetAndDestroy()
    else this.#answer(fault.line)
    return true
  }

  #answer(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }
}

/** A client waits for the reply to a message, so the end of the message is the end of what was received. */
function endsMessage(chunks: readonly Buffer[]): boolean {
  let tail = chunks.at(-1) as Buffer
  for (let at = chunks.length - 2; tail.length < END.length && at >= 0; at--)
    tail = Buffer.concat([chunks[at] as Buffer, tail])
  return tail.length >= END.length && tail.subarray(tail.length - END.length).equals(END)
}

function pathIn(line: string): string {
  return /<[^>]*>/.exec(line)?.[0] ?? ''
}
