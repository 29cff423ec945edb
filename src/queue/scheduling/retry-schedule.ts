// The retry schedule of Postfix: the gap to the next attempt is the age of the message within bounds, so it doubles (5, 10, 20, 40 min, then
// 66 min 40 s), with jitter, so that messages that failed together are not retried together.

export interface RetrySettings {
  /** Shortest gap, ms (Postfix minimal_backoff_time). */
  readonly minimalGapMs: number
  /** Longest gap, ms (Postfix maximal_backoff_time). */
  readonly maximalGapMs: number
  /** Lifetime of a message, ms (Postfix maximal_queue_lifetime). */
  readonly lifetimeMs: number
  /** The same for messages with the null sender (bounce_queue_lifetime). */
  readonly bounceLifetimeMs: number
  /** Age at which the sender gets a delay notice, ms; null for never (Postfix delay_warning_time). */
  readonly delayWarningMs: number | null
}

export const defaultRetrySettings: RetrySettings = {
  minimalGapMs: 300_000,
  maximalGapMs: 4_000_000,
  lifetimeMs: 5 * 24 * 3_600_000,
  bounceLifetimeMs: 5 * 24 * 3_600_000,
  delayWarningMs: null,
}

/** Jitter: the gap is multiplied by 1 ± this. */
export const JITTER = 0.1

/** End of the lifetime of a message, unix ms. `lifetimeMs`: its own, where it is shorter; null without one. */
export function expiryOf(
  message: { readonly arrivedAt: number; readonly sender: string | null; readonly lifetimeMs: number | null },
  settings: RetrySettings,
): number {
  const ofQueue = message.sender === null ? settings.bounceLifetimeMs : settings.lifetimeMs
  return message.arrivedAt + Math.min(ofQueue, message.lifetimeMs ?? ofQueue)
}

/** The next-attempt time for an attempt that begins at `now`, unix ms. `random` returns numbers in [0, 1). */
export function nextAttemptAt(
  message: { arrivedAt: number; now: number },
  settings: RetrySettings,
  random: () => number,
): number {
  const age = message.now - message.arrivedAt
  const gap = Math.min(settings.maximalGapMs, Math.max(settings.minimalGapMs, age))
  return Math.round(message.now + gap * (1 - JITTER + 2 * JITTER * random()))
}
