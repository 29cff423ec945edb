// Guessing at SRS hashes: four characters without case are some two million possibilities, so a client that keeps presenting wrong
// ones is told to go away for a while with its SRS addresses; other mail of the same host is none of it. Counted per client network,
// forgotten by halves.

import { createDecayCounters } from '../../lib/decay.ts'
import type { Clock } from '../../lib/clock.ts'
import { refusal } from '../../smtp/reply.ts'
import { refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

/** Wrong SRS addresses of one network before it waits: bounces of mangled addresses come one at a time. */
const MOST_WRONG = 20
const HALF_LIFE_MS = 60 * 60 * 1000
/** Networks remembered: some megabytes under a distributed attack. */
const MOST_NETWORKS = 50_000
/**
 * What routing refused because the hash is not ours (route/reverse.ts). An expired address had the right hash: a provider that returns
 * a month's bounces late guesses nothing.
 */
const marks = new Set(['SRS: wrong hash', 'SRS: malformed'])
/** As route/srs.ts knows them, quoted or not. */
const srsForm = /^"?srs[01][=+-]/i

export interface SrsGuesses {
  /** The refusal of a network that has guessed too often, before its next address is looked at; null if it may ask. */
  check(network: string, forwardPath: string): Verdict | null
  /** Notes a refused recipient. */
  seen(network: string, verdict: Verdict): void
}

export function createSrsGuesses(clock: Clock): SrsGuesses {
  const wrong = createDecayCounters({ clock, halfLifeMs: HALF_LIFE_MS, maxKeys: MOST_NETWORKS })
  return {
    check: (network, forwardPath) => {
      if (!srsForm.test(forwardPath) || wrong.get(network) < MOST_WRONG) return null
      return refuse(
        refusal(450, '4.7.1', 'Too many wrong addresses, please try again later', `SRS guesses from ${network}`),
      )
    },
    seen: (network, verdict) => {
      if (verdict.kind === 'reject' && marks.has(verdict.reply.cause)) wrong.add(network)
    },
  }
}
