// The proof about messages: each accepted one arrived, none that was refused or abandoned did, and each copy beyond the first has a cause.

import type { Arrivals, Copy } from './arrivals.ts'
import { expectedSlots, kindOf, SLOT_COUNT, SLOTS } from './mail-plan.ts'
import type { Outcomes } from './outcomes.ts'

export interface CopyCauses {
  /** The client sent the message again, because it got no reply to its final dot. */
  resent: number
  /** A node was killed between a delivery and its commit. */
  killed: number
  /** A mail host closed the connection without a reply to the final dot. */
  unanswered: number
}

export interface ArrivalVerdict {
  /** One line for each fault. */
  readonly broken: readonly string[]
  readonly causes: Readonly<CopyCauses>
  /** Copies without a cause; they are in `broken` too. */
  readonly unexplained: number
  /** Messages that a client got a 250 for, by arrival; a sum of all slots. */
  readonly arrived: number
}

export interface Evidence {
  readonly seed: number
  /** Messages that were begun. */
  readonly messages: number
  readonly arrivals: Arrivals
  readonly outcomes: Outcomes
  /** Times of kills, unix ms. */
  readonly kills: { readonly mx: readonly number[]; readonly srs: readonly number[] }
  /** When the srs received a message, by the hash of its queue ID there, unix ms; for the queue IDs of repeated copies. */
  readonly srsReceivedAt: ReadonlyMap<number, number>
}

/** A delivery is committed within this time, ms, also on a busy disk; a kill later than that cannot have undone it. */
const COMMIT_MS = 10_000
/** Clocks of two processes on one machine, and the time from the final dot to the record. */
const SKEW_MS = 1000
const REPORTED = 100

export function judgeArrivals(evidence: Evidence): ArrivalVerdict {
  const { seed, messages, arrivals, outcomes } = evidence
  const broken: string[] = arrivals.wrong.slice(0, REPORTED)
  let arrived = 0
  for (let number = 0; number < messages; number++) {
    const kind = kindOf(seed, number)
    const state = outcomes.state(number)
    const expected = state === 'accepted' ? expectedSlots(kind) : []
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const copies = arrivals.copies(number, slot)
      if (expected.includes(slot)) {
        if (copies === 0) broken.push(`message ${number} (${kind}) is lost: nothing at the ${slotName(slot)} host`)
        else arrived += 1
      } else if (copies > 0) broken.push(`message ${number} (${kind}, ${state}) arrived at the ${slotName(slot)} host`)
    }
    const wanted = kind === 'unknown' ? 'refused' : kind === 'abandoned' ? 'abandoned' : 'accepted'
    if (state !== wanted) broken.push(`message ${number} (${kind}) is ${state} for its client`)
  }
  const causes: CopyCauses = { resent: 0, killed: 0, unanswered: 0 }
  let unexplained = 0
  for (const copies of arrivals.repeated().values()) {
    const without = explain(evidence, copies, causes)
    unexplained += without
    const [first] = copies as [Copy]
    if (without > 0)
      broken.push(`message ${first.number} has ${without} copies without a cause: ${JSON.stringify(copies)}`)
  }
  return { broken, causes, unexplained, arrived }
}

/** Adds the causes of all copies but the first; returns the number of copies that have none. Two copies differ at one hop. */
function explain(evidence: Evidence, copies: readonly Copy[], causes: CopyCauses): number {
  const { number, slot } = copies[0] as Copy
  const { kills, arrivals, outcomes, srsReceivedAt } = evidence
  const left = {
    resent: outcomes.doubts(number) + (slot === SLOTS.report ? outcomes.returnDoubts(number) : 0),
    unanswered: arrivals.unanswered(number, slot),
  }
  let unexplained = 0
  const use = (cause: 'resent' | 'unanswered') => {
    if (left[cause] === 0) return void (unexplained += 1)
    left[cause] -= 1
    causes[cause] += 1
  }
  // Different queue IDs at the mx: the client sent it again, or the far host sent its bounce again.
  const byMx = Map.groupBy(copies, ({ mx }) => mx)
  for (let again = 1; again < byMx.size; again++) use('resent')
  for (const sameMx of byMx.values()) {
    // Different queue IDs at the srs: the mx delivered it again.
    const bySrs = Map.groupBy(sameMx, ({ srs }) => srs)
    const received = [...bySrs.values()].map(([one]) => srsReceivedAt.get((one as Copy).srs) ?? (one as Copy).at)
    for (const pair of pairs(received.toSorted((a, b) => a - b))) {
      if (wasKilled([...kills.mx, ...kills.srs], pair)) causes.killed += 1
      else unexplained += 1
    }
    // The same queue IDs: the last node delivered it again.
    for (const [srs, same] of bySrs)
      for (const pair of pairs(same.map(({ at }) => at))) {
        if (wasKilled(srs === 0 ? kills.mx : kills.srs, pair)) causes.killed += 1
        else use('unanswered')
      }
  }
  return unexplained
}

function pairs(times: readonly number[]): (readonly [number, number])[] {
  return times.slice(1).map((time, place) => [times[place] as number, time] as const)
}

function wasKilled(kills: readonly number[], [first, second]: readonly [number, number]): boolean {
  return kills.some((kill) => kill >= first - SKEW_MS && kill <= Math.min(second, first + COMMIT_MS))
}

function slotName(slot: number): string {
  return Object.entries(SLOTS).find(([, place]) => place === slot)?.[0] ?? String(slot)
}
