// Waits for something to become true instead of for time to pass; gives up aloud.

import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  /** What is waited for, for the error message. */
  readonly what: string
  /** Milliseconds; default 10 s. */
  readonly timeout?: number
  /** Milliseconds between two checks; default 20. */
  readonly every?: number
}

/** Resolves as soon as `condition` holds; rejects after the time-out. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what, timeout = 10_000, every = 20 }: UntilOptions,
): Promise<void> {
  const deadline = Date.now() + timeout
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeout} ms without success for ${what}`)
    await sleep(every)
  }
}
