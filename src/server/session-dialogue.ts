// The state of one session between commands, and what a command may answer. A command is a function of (dialogue, argument). It reaches
// the socket only through its answer and through `challenge`.

import type { ArrivingMessage } from './arriving-message.ts'
import type { AcceptedRecipient, Transaction } from './server-hooks.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import type { NamedClient } from './commands/xclient-attributes.ts'
import type { ListenerContext } from './context.ts'
import type { SessionRecord } from './session-record.ts'

/** A mail transaction in progress: from an accepted MAIL until RSET, EHLO, STARTTLS, a refused chunk or the end of the message. */
export interface OpenTransaction<Resolution> extends Transaction<Resolution> {
  readonly recipients: AcceptedRecipient<Resolution>[]
  /** Accepted forward-paths: a repeated RCPT is one recipient. Local parts are case-sensitive (RFC 5321 2.4). */
  readonly forwardPaths: Set<string>
  /** Recipients refused because there were too many. */
  excess: number
  /** The message, from DATA or the first accepted BDAT. */
  message: ArrivingMessage | null
  /** True once it has ended. A hook may still be at work for it. */
  isOver: boolean
}

/** The arguments of BDAT (RFC 3030 section 2). */
export interface Chunk {
  readonly octets: number
  readonly last: boolean
}

/** A host that names the client that it serves. */
export interface FrontEnd {
  /** Makes the session that of the client. The reply that ends it if the client is refused, else null. */
  become(client: NamedClient): Promise<Refusal | null>
}

export interface Dialogue<Resolution> {
  readonly context: ListenerContext<Resolution>
  readonly session: SessionRecord
  transaction: OpenTransaction<Resolution> | null
  failedAuth: number
  /** The reply to every command but QUIT of a client that is refused for good; null for all others. */
  refused: Reply | null
  /** Null unless the client may name others with XCLIENT. */
  readonly frontEnd: FrontEnd | null
  /** True for a host that may say where it has a message from (XFORWARD). */
  readonly mayForward: boolean
  /** The name that XCLIENT gave; it stands for that of the next EHLO. Null without one. */
  namedHelo: string | null
  /** True if STARTTLS can be offered: the listener has a certificate and TLS is not active. */
  readonly tlsAvailable: () => boolean
  /** The data that bind a login to this TLS session (RFC 9266); null without TLS 1.3. */
  readonly channelBinding: () => Buffer | null
  /** Sends `334 text` and resolves with the client's next line, or null if the connection ended. */
  readonly challenge: (text: string) => Promise<Buffer | null>
}

/** What happens after the reply is sent; a chunk is read before. */
export type Next = 'continue' | 'close' | 'tls' | 'data' | 'chunk'

export interface Answer {
  readonly reply: Reply
  readonly next: Next
  /** A command that makes no progress; a limited number of them is free. */
  readonly junk: boolean
  /** A refusal that does not count as an error of the client (recipients slightly above the limit). */
  readonly uncounted: boolean
  /** The chunk that follows the command, whatever the reply is: the client sends it without waiting. */
  readonly chunk: Chunk | null
}

export type Command = <Resolution>(dialogue: Dialogue<Resolution>, argument: string) => Answer | Promise<Answer>

/** Ends the open transaction, if there is one, and reports that to the hooks, which release what they hold for it. */
export function endTransaction<Resolution>(dialogue: Dialogue<Resolution>): void {
  const { context, session, transaction } = dialogue
  dialogue.transaction = null
  session.forwarded = null
  if (!transaction) return
  transaction.message?.cut('abandoned')
  transaction.isOver = true
  context.hooks.ended(session, transaction, transaction.message?.octets ?? 0)
}

const plain = { next: 'continue', junk: false, uncounted: false, chunk: null } as const

/** A reply, then the next command. */
export function say(reply: Reply): Answer {
  return { reply, ...plain }
}

/** A positive reply to a command that makes no progress. */
export function sayJunk(reply: Reply): Answer {
  return { reply, ...plain, junk: true }
}

/** A refusal that does not count as an error. */
export function sayUncounted(reply: Reply): Answer {
  return { reply, ...plain, uncounted: true }
}

/** A reply, then `next`. */
export function sayThen(reply: Reply, next: Next): Answer {
  return { reply, ...plain, next }
}

/** Reads the chunk, then replies. A refused chunk is dropped and ends the transaction. */
export function sayAfter(chunk: Chunk, reply: Reply): Answer {
  return { reply, ...plain, next: 'chunk', chunk }
}
