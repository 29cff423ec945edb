// Guessing at SRS hashes: four characters without case are some two million possibilities, so a client that keeps presenting wrong
// ones is told to go away for a while. Counted per client network, forgotten by halves.

import { createDecayCounters } from '../lib/decay.ts'
import type { Clock } from '../lib/clock.ts'
import { refusal } from '../smtp/reply.ts'
import { refuse } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** Wrong SRS addresses of one network before it waits: bounces of mangled addresses come one at a time. */
const MOST_WRONG = 20
const HALF_LIFE_MS = 60 * 60 * 1000
/** Networks remembered: some megabytes under a distributed attack. */
const MOST_NETWORKS = 50_000
/** How routing marks what it refused for its SRS form (route/reverse.ts). */
const MARK = 'SRS:'

export interface SrsGuesses {
  /** The refusal of a network that has guessed too often, before its next address is looked at; null if it may ask. */
  check(network: string): Verdict | null
  /** Notes a refused recipient. */
  seen(network: string, verdict: Verdict): void
}

export function createSrsGuesses(clock: Clock): SrsGuesses {
  const wrong = createDecayCounters(HALF_LIFE_MS, MOST_NETWORKS)
  return {
    check: (network) => {
      if (wrong.get(network, clock.now()) < MOST_WRONG) return null
      return refuse(
        refusal(450, '4.7.1', 'Too many wrong addresses, please try again later', `SRS guesses from ${network}`),
      )
    },
    seen: (network, verdict) => {
      if (verdict.kind === 'reject' && verdict.reply.cause.startsWith(MARK)) wrong.add(network, clock.now())
    },
  }
}
