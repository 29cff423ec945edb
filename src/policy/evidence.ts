// What a check noticed about a client or a message that proves nothing alone. The checks of a session and its transaction add up to a score.

export interface Evidence {
  /** In capitals, such as `SPF_FAIL`: the name in the ledger, and of its points in the configuration. */
  readonly name: string
  /** Above 0 for what speaks against the message, below 0 for what speaks for it. */
  readonly points: number
  /** The reason in words, for the ledger; empty if the name says it. */
  readonly detail: string
  /** The client or the sender is known as good: its mail is never asked to wait. Lists of good senders set it. */
  readonly trusted?: true
}

export const noEvidence: readonly Evidence[] = []

const NAME_UNKNOWN = 'CLIENT_NAME_UNKNOWN'

/** The DNS did not say which name the client has. It has no points: that is no fault of the client. */
export function nameUnknown(cause: string): Evidence {
  return { name: NAME_UNKNOWN, points: 0, detail: cause }
}

/** True if the name of the client could not be looked up, so that `remoteName` null means nothing. */
export function isNameUnknown(evidence: readonly Evidence[]): boolean {
  return evidence.some(({ name }) => name === NAME_UNKNOWN)
}
