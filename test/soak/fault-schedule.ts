// The faults of a soak that concern a whole node or host, as a list that depends on the seed alone: which fault, at which message, for how long.
// Faults of single transactions are in sinks.ts and load.ts.

import { SALTS } from './mail-plan.ts'
import { drawn } from './seeded-random.ts'

export const FAULT_KINDS = [
  'kill-mx',
  'kill-srs',
  'reload',
  'freeze-mx',
  'freeze-srs',
  'dns-dead',
  'dns-lies',
  'disk-full-mx',
  'disk-full-srs',
  'sinks-away',
  'sinks-defer',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface PlannedFault {
  /** When so many messages have ended for their clients. */
  readonly at: number
  readonly kind: FaultKind
  /** How long it lasts, ms. */
  readonly ms: number
}

export interface ScheduleSettings {
  readonly seed: number
  readonly messages: number
  /** Messages between two faults, on average. */
  readonly every: number
  /** Kills end after this part of the messages: then each process lives long enough to judge its memory. */
  readonly killsUntil: number
  /** Shortest and longest fault, ms. */
  readonly shortest: number
  readonly longest: number
}

/** While kills are allowed, they come more often than other faults. */
const MORE_KILLS: readonly FaultKind[] = ['kill-mx', 'kill-srs', 'kill-mx', 'kill-srs']

/** All kinds come in turns of a random order, kills in the first part only. */
export function planFaults({ seed, messages, every, killsUntil, shortest, longest }: ScheduleSettings): PlannedFault[] {
  const planned: PlannedFault[] = []
  const draw = (...parts: readonly number[]) => drawn(seed, SALTS.schedule, ...parts)
  let hand: FaultKind[] = []
  for (let turn = 0; ; turn++) {
    const at = Math.floor((turn + 0.25 + draw(turn, 1) / 2) * every)
    if (at >= messages) return planned
    const mayKill = at < messages * killsUntil
    if (hand.length === 0) hand = [...FAULT_KINDS, ...(mayKill ? MORE_KILLS : [])]
    const allowed = hand.filter((kind) => mayKill || !isKill(kind))
    const kind = allowed[Math.floor(draw(turn, 2) * allowed.length)]
    if (kind === undefined) {
      hand = []
      continue
    }
    hand.splice(hand.indexOf(kind), 1)
    planned.push({ at, kind, ms: Math.round(shortest + draw(turn, 3) * (longest - shortest)) })
  }
}

function isKill(kind: FaultKind): boolean {
  return kind === 'kill-mx' || kind === 'kill-srs'
}
