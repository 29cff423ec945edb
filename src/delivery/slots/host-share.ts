// How many connections one mail host, or the network of many, may have. Pure: numbers in, numbers out; times are monotonic ms.

/** The bounds of a share that follows how a host works. */
export interface ShareBounds {
  readonly start: number
  readonly most: number
}

export interface HostShare {
  /** Connections allowed by how the host worked. */
  limit: number
  /** Connections that the host accepted when it refused one more, and when; null if it never did. */
  learned: { readonly limit: number; readonly at: number; readonly raiseMs: number } | null
}

/** A host that holds connections without a result keeps this many. */
const LEAST = 2
/** A host that refused one more connection gets one more after this time, ms: each try is a connection that it may refuse. */
const RAISE_MS = 60_000
/** The same if its reply did not say that connections are the reason, ms. */
const RAISE_UNNAMED_MS = 10_000
/** After this time the host is asked again as if it never refused, ms. */
const FORGET_MS = 3_600_000

export function newShare({ start }: ShareBounds): HostShare {
  return { limit: start, learned: null }
}

/** The host replied quickly. */
export function growShare(share: HostShare, { most }: ShareBounds): void {
  share.limit = Math.min(Math.max(most, LEAST), share.limit + 1)
}

/** The host held a connection without a result. */
export function shrinkShare(share: HostShare): void {
  share.limit = Math.max(LEAST, Math.floor(share.limit / 2))
}

/** The host refused one more connection while `others` were open. */
export function learnLimit(
  share: HostShare,
  others: number,
  { now, isNamed }: { readonly now: number; readonly isNamed: boolean },
): void {
  share.learned = { limit: Math.max(1, others), at: now, raiseMs: isNamed ? RAISE_MS : RAISE_UNNAMED_MS }
}

/** Connections that the host accepts as far as it showed; infinity if it never refused one. */
export function learnedLimit({ learned }: HostShare, now: number): number {
  if (learned === null || now - learned.at > FORGET_MS) return Number.POSITIVE_INFINITY
  return learned.limit + Math.floor((now - learned.at) / learned.raiseMs)
}
