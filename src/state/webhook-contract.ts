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
  add(target: string, hooks: readonly Omit<QueuedHook, 'id'>[], most: number): Promise<number>
  /** The oldest that waits; null if none does. */
  next(target: string): Promise<QueuedHook | null>
  /** It was delivered, or was given up. */
  finish(id: number): Promise<void>
  waiting(target: string): Promise<number>
  /** Up to which time the events of the ledger are known, unix milliseconds; null at the first start. */
  readTo(): Promise<number | null>
  markRead(at: number): Promise<void>
  /** Forgets what was finished before. */
  purge(before: number): Promise<void>
}
