// The state of one session's conversation, and what a command may answer. Commands are functions of (dialogue, argument);
// they speak to the socket only through what they return and through `challenge`.

import type { AcceptedRecipient, Transaction } from './server-hooks.ts'
import type { MailParameters } from '../smtp/envelope.ts'
import type { Reply } from '../smtp/reply.ts'
import type { ListenerContext } from './context.ts'
import type { SessionRecord } from './session-record.ts'

/** A mail transaction in progress: after an accepted MAIL, until RSET, EHLO, the end of DATA or STARTTLS. */
export interface OpenTransaction extends Transaction {
  readonly reversePath: string | null
  readonly parameters: MailParameters
  readonly recipients: AcceptedRecipient[]
  /** Forward-paths taken so far: a repeated RCPT is one recipient. Local parts count as they are written (RFC 5321 2.4). */
  readonly taken: Set<string>
  /** Recipients refused because there were too many. */
  excess: number
}

export interface Dialogue {
  readonly context: ListenerContext
  readonly session: SessionRecord
  transaction: OpenTransaction | null
  failedAuth: number
  /** True if STARTTLS can be offered: there is material and TLS is not active. */
  readonly tlsAvailable: () => boolean
  /** Sends `334 text` and resolves with the client's line, or null if the connection ended. */
  readonly challenge: (text: string) => Promise<Buffer | null>
}

/** What happens after the reply is sent. */
export type Next = 'continue' | 'close' | 'tls' | 'data'

export interface Answer {
  readonly reply: Reply
  readonly next: Next
  /** A command without progress: free for a while. */
  readonly idle: boolean
  /** A refusal that is no error of the client (recipients a little above the limit). */
  readonly forgiven: boolean
}

export type Command = (dialogue: Dialogue, argument: string) => Answer | Promise<Answer>

const plain = { next: 'continue', idle: false, forgiven: false } as const

/** The usual answer: a reply, then the next command. */
export function say(reply: Reply): Answer {
  return { reply, ...plain }
}

/** A positive reply to a command that brings nobody further. */
export function sayIdle(reply: Reply): Answer {
  return { reply, ...plain, idle: true }
}

/** A refusal that does not count. */
export function sayForgiven(reply: Reply): Answer {
  return { reply, ...plain, forgiven: true }
}

/** A reply after which something else begins. */
export function sayThen(reply: Reply, next: Next): Answer {
  return { reply, ...plain, next }
}
