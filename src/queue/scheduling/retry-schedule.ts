// Room queue: when to try again. Postfix's schedule: the gap to the next attempt is the message's age, within bounds, so that it doubles
// (5, 10, 20, 40 min, then every 66 min 40 s), with jitter so that what failed together does not come back together.

export interface RetrySettings {
  /** Shortest gap, ms (Postfix minimal_backoff_time). */
  readonly minimalGapMs: number
  /** Longest gap, ms (Postfix maximal_backoff_time). */
  readonly maximalGapMs: number
  /** How long a message is tried, ms (Postfix maximal_queue_lifetime). */
  readonly lifetimeMs: number
  /** The same for messages with the null sender (bounce_queue_lifetime). */
  readonly bounceLifetimeMs: number
  /** Age at which the sender is told of the delay, ms; null for never (Postfix delay_warning_time, off). */
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

/** Until when a message is tried, unix ms. */
export function expiryOf(message: { arrivedAt: number; sender: string | null }, settings: RetrySettings): number {
  return message.arrivedAt + (message.sender === null ? settings.bounceLifetimeMs : settings.lifetimeMs)
}

/** The next-attempt time for an attempt that begins at `now`, unix ms. `random` gives numbers in [0, 1). */
export function nextAttemptAt(
  message: { arrivedAt: number; now: number },
  settings: RetrySettings,
  random: () => number,
): number {
  const age = message.now - message.arrivedAt
  const gap = Math.min(settings.maximalGapMs, Math.max(settings.minimalGapMs, age))
  return Math.round(message.now + gap * (1 - JITTER + 2 * JITTER * random()))
}
