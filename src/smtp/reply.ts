// SMTP replies as values (RFC 5321 4.2, RFC 2034, RFC 3463). A refusal always has a code, an enhanced
// status, a public text and a private cause.

/** One SMTP reply. `text` may hold several lines, separated by `\n`. */
export interface Reply {
  readonly code: number
  /** Enhanced status code such as `5.1.1` (RFC 3463); empty where the standard defines none (220, 221 greeting, 354, 334). */
  readonly enhanced: string
  readonly text: string
}

/** A negative reply with a cause for the operator. */
export interface Refusal extends Reply {
  /** Private cause for log and ledger; never sent to the peer. */
  readonly cause: string
}

/** True for 4xx: the peer may try again. */
export function isTemporary(reply: Reply): boolean {
  return reply.code >= 400 && reply.code < 500
}

/** True for 5xx. */
export function isPermanent(reply: Reply): boolean {
  return reply.code >= 500
}

/** Creates a refusal; the cause defaults to the public text. */
export function refusal(code: number, enhanced: string, text: string, cause: string = text): Refusal {
  return { code, enhanced, text, cause }
}

/** The reply to an unexpected error: temporary, so that no message is lost (451 4.3.0). The caller logs the error as a bug. */
export function unforeseen(error: unknown): Refusal {
  return refusal(451, '4.3.0', 'Temporary failure on our side, please try again later', describeError(error))
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
