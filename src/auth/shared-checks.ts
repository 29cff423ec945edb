// Lets the same attempts at the same time share one check: a program that logs in with fifty connections at once needs one hash. Unknown users
// and wrong passwords share too, so that attempts in parallel do not show which users exist.

import { createPasswordDigest, type PasswordUse } from './password-digest.ts'

/**
 * Runs `check`, or waits for the one that runs at present for the same use.
 * @param queue attempts of different queues do not wait for each other
 */
export type ShareCheck<Result> = (use: PasswordUse, queue: string, check: () => Promise<Result>) => Promise<Result>

export function createSharedChecks<Result>(): ShareCheck<Result> {
  const digestOf = createPasswordDigest()
  const running = new Map<string, Promise<Result>>()
  return (use, queue, check) => {
    const name = `${queue} ${digestOf(use).digest.toString('base64')}`
    const known = running.get(name)
    if (known) return known
    const started = check().finally(() => running.delete(name))
    running.set(name, started)
    return started
  }
}
