// SMTP replies as values (RFC 5321 4.2, RFC 2034, RFC 3463). A refusal is born complete: code, enhanced status,
// the public text and the private cause. Nothing here speaks to a socket.

/** One SMTP reply. `text` may hold several lines, separated by `\n`. */
export interface Reply {
  readonly code: number
  /** Enhanced status code such as `5.1.1` (RFC 3463); empty where the standard wants none (220, 221 greeting, 354, 334). */
  readonly enhanced: string
  readonly text: string
}

/** A negative reply with what only the operator may know. */
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

/** Makes a refusal from its parts; the cause defaults to the public text. */
export function refusal(code: number, enhanced: string, text: string, cause: string = text): Refusal {
  return { code, enhanced, text, cause }
}

/** The answer to anything unforeseen: temporary, so that nothing is lost (451 4.3.0), and logged as a bug by the caller. */
export function unforeseen(error: unknown): Refusal {
  return refusal(451, '4.3.0', 'Temporary failure on our side, please try again later', describeError(error))
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
