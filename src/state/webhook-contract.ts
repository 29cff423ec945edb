// The contract of the queue of webhooks: what each target has still to get, oldest first.

export interface QueuedHook {
  readonly id: number
  /** The same for an event that is read from the ledger again. */
  readonly key: string
  /** Unix milliseconds of the event. */
  readonly at: number
  /** JSON. */
  readonly body: string
}

export interface HookQueue {
  /** Adds events that are not known yet. Beyond `most` for the target the oldest are dropped; returns how many. */
  add(target: string, hooks: readonly Omit<QueuedHook, 'id'>[], most: number): number
  /** The oldest that waits; null if none does. */
  next(target: string): QueuedHook | null
  /** It was delivered, or was given up. */
  finish(id: number): void
  waiting(target: string): number
  /** Up to which time the events of the ledger are known, unix milliseconds; null at the first start. */
  readTo(): number | null
  markRead(at: number): void
  /** Forgets what was finished before. */
  purge(before: number): void
}
