// Waits for an effect of another process.

import { commandClock } from '../lib/clock.ts'

/** Poll interval, ms. */
const POLL_MS = 50

/** Resolves when `holds` returns true; rejects after `ms`. */
export async function until(holds: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  const end = commandClock.monotonic() + ms
  while (!(await holds())) {
    if (commandClock.monotonic() > end) throw new Error(`the condition did not hold within ${ms} ms`)
    await commandClock.sleep(POLL_MS)
  }
}
