// What is known of a probe in the end.

/** `late`: it arrived after it was given up. */
export const probeOutcomes = ['arrived', 'accepted', 'incomplete', 'missing', 'refused', 'late'] as const

export type ProbeOutcome = (typeof probeOutcomes)[number]

/** One server that a probe passed. */
export interface ProbeHop {
  /** Host name as the server wrote it, without characters that a terminal obeys. */
  readonly by: string
  /** A large provider, `fleet` for a node of ours, or `other`. */
  readonly group: string
  /** Ms after the probe was sent; null if the server wrote no time that can be read. Servers write seconds. */
  readonly ms: number | null
}

export interface ProbeResult {
  readonly target: string
  readonly id: string
  /** Of the message at the node that sent it; null if it could not be sent. */
  readonly queueId: string | null
  /** Unix milliseconds. */
  readonly sentAt: number
  readonly outcome: ProbeOutcome
  /** From the sending to the arrival or the 250, milliseconds; null if there was none. */
  readonly ms: number | null
  readonly group: string
  readonly hops: readonly ProbeHop[]
  /** Why the outcome is not a good one; empty for a good one. */
  readonly detail: string
}

export function isGood({ outcome }: Pick<ProbeResult, 'outcome'>): boolean {
  return outcome === 'arrived' || outcome === 'accepted'
}
