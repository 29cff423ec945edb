// Counts the copies of each message at the sinks, for a million messages: what every first copy needs is in typed arrays, later copies are a list.

import { SLOT_COUNT } from './mail-plan.ts'

/** A copy at a sink. Hashes name the queue IDs that its Received fields have; 0 if it did not pass that node. */
export interface Copy {
  readonly number: number
  readonly slot: number
  readonly mx: number
  readonly srs: number
  /** When its final dot was read, unix ms. */
  readonly at: number
}

export interface Arrivals {
  record(copy: Copy): void
  /** The sink has read the final dot and closes the connection without a reply. */
  recordUnanswered(number: number, slot: number): void
  copies(number: number, slot: number): number
  unanswered(number: number, slot: number): number
  /** All copies of the slots that have more than one, oldest first, by `number * SLOT_COUNT + slot`. */
  repeated(): ReadonlyMap<number, readonly Copy[]>
  /** Results of DMARC in the copies, as the mx wrote them. */
  readonly dmarc: Map<string, number>
  /** Copies whose body is not what was sent, and mail that was never planned. */
  readonly wrong: string[]
  readonly total: number
  /** First copies, of all slots. */
  readonly firsts: number
}

/** Wrong copies that are kept for the report. */
const MOST_WRONG = 1000
/** A count saturates here: a message that comes so often is a fault anyway. */
const MOST_COPIES = 255

export function createArrivals(messages: number): Arrivals {
  const places = messages * SLOT_COUNT
  const counts = new Uint8Array(places)
  const lost = new Uint8Array(places)
  const firstMx = new Uint32Array(places)
  const firstSrs = new Uint32Array(places)
  const firstAt = new Float64Array(places)
  const later: Copy[] = []
  const wrong: string[] = []
  let total = 0
  let firsts = 0
  const placeOf = (number: number, slot: number) => number * SLOT_COUNT + slot
  const first = (place: number): Copy => ({
    number: Math.floor(place / SLOT_COUNT),
    slot: place % SLOT_COUNT,
    mx: firstMx[place] as number,
    srs: firstSrs[place] as number,
    at: firstAt[place] as number,
  })
  return {
    wrong,
    dmarc: new Map(),
    record: (copy) => {
      total += 1
      const place = placeOf(copy.number, copy.slot)
      const count = counts[place]
      if (count === undefined) {
        if (wrong.length < MOST_WRONG) wrong.push(`message ${copy.number} arrived and was never planned`)
        return
      }
      counts[place] = Math.min(MOST_COPIES, count + 1)
      if (count > 0) return void later.push(copy)
      firsts += 1
      firstMx[place] = copy.mx
      firstSrs[place] = copy.srs
      firstAt[place] = copy.at
    },
    recordUnanswered: (number, slot) => {
      const place = placeOf(number, slot)
      lost[place] = Math.min(MOST_COPIES, (lost[place] ?? 0) + 1)
    },
    copies: (number, slot) => counts[placeOf(number, slot)] ?? 0,
    unanswered: (number, slot) => lost[placeOf(number, slot)] ?? 0,
    repeated: () => {
      const all = Map.groupBy(later, ({ number, slot }) => placeOf(number, slot))
      return new Map([...all].map(([place, copies]) => [place, [first(place), ...copies]]))
    },
    get total() {
      return total
    },
    get firsts() {
      return firsts
    },
  }
}
