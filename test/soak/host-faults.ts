// Which transactions fail at a mail host of a soak, and how: from the seed, the number of the message and its attempt.

import { SALTS } from './mail-plan.ts'
import { drawn } from './seeded-random.ts'

/** Shares of transactions with a fault, one kind each. */
const SHARES = [
  ['reset', 0.002],
  ['defer-rcpt', 0.006],
  ['defer-data', 0.003],
  ['stall', 0.001],
  ['cut-data', 0.002],
  ['defer-dot', 0.003],
  ['no-reply', 0.002],
] as const
export type HostFault = (typeof SHARES)[number][0]

export interface HostFaults {
  /** The fault of this attempt, if it is one of the given ones; it counts as injected. */
  draw(number: number | null, ...kinds: readonly HostFault[]): HostFault | null
  readonly injected: ReadonlyMap<HostFault, number>
}

/** From this attempt on a message is served well, so that each ends. */
const ATTEMPTS_WITH_FAULTS = 4

export function createHostFaults(seed: number): HostFaults {
  /** Of the messages with a fault so far. */
  const attempts = new Map<number, number>()
  const injected = new Map<HostFault, number>()
  const planned = (number: number): HostFault | null => {
    const attempt = attempts.get(number) ?? 0
    if (attempt >= ATTEMPTS_WITH_FAULTS) return null
    let rest = drawn(seed, SALTS.sinkFault, number, attempt)
    for (const [kind, share] of SHARES) {
      if (rest < share) return kind
      rest -= share
    }
    return null
  }
  return {
    injected,
    draw: (number, ...kinds) => {
      const kind = number === null ? null : planned(number)
      if (number === null || kind === null || !kinds.includes(kind)) return null
      attempts.set(number, (attempts.get(number) ?? 0) + 1)
      injected.set(kind, (injected.get(kind) ?? 0) + 1)
      return kind
    },
  }
}
