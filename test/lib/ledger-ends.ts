// The ledger's promise, as a question: which accepted recipients did not end in exactly one final event (observe/events.ts)?

import { type Event, finalKinds } from '../../src/observe/events.ts'

/** One line for each recipient that breaks the promise; empty if it is kept. */
export function brokenPromises(events: readonly Event[]): string[] {
  const key = (event: Event) => `${event.queueId} ${event.recipient}`
  const accepted = new Set(events.filter((event) => event.kind === 'resolved').map(key))
  const ends = Map.groupBy(
    events.filter((event) => finalKinds.includes(event.kind)),
    key,
  )
  const unended = [...accepted].filter((one) => !ends.has(one)).map((one) => `${one}: no final event`)
  const several = [...ends]
    .filter(([, finals]) => finals.length > 1)
    .map(([one, finals]) => `${one}: ${finals.map((event) => event.kind).join(', ')}`)
  const unknown = [...ends]
    .filter(([one, finals]) => !accepted.has(one) && finals[0]?.kind !== 'discarded')
    .map(([one]) => `${one}: ended and was never resolved`)
  return [...unended, ...several, ...unknown]
}
