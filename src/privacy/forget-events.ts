// Takes personal data out of ledger entries: all of a class when its time is over, or one person. The events and their counts stay.

import type { Event } from '../observe/events.ts'
import type { Person } from './person.ts'
import { createPrivacy, type Privacy, type PrivacySettings } from './treatment.ts'

/** `addresses`: mail addresses, names of users and Message-IDs. `ips`: addresses and names of clients. */
export type ForgottenPart = 'addresses' | 'ips'

const noKey = (): Buffer => {
  throw new Error('nothing is hashed')
}
const settings = {
  addresses: { addresses: 'drop', ips: 'keep', subjects: 'drop', messageIds: 'drop', hashKey: noKey },
  ips: { addresses: 'keep', ips: 'drop', subjects: 'drop', hashKey: noKey },
} as const satisfies Readonly<Record<ForgottenPart, PrivacySettings>>

/** The short mark is for fields that are shorter than the other one. */
const MARKS = ['(dropped)', '-']
const ERASED = ['(erased)', '-']
const forgetting: Readonly<Record<ForgottenPart, readonly Privacy[]>> = {
  addresses: MARKS.map((dropped) => createPrivacy({ ...settings.addresses, dropped })),
  ips: MARKS.map((dropped) => createPrivacy({ ...settings.ips, dropped })),
}

/** @param events JSON array of events @returns the same without that part; a text that is no such array is returned as it is */
export function forgetPart(events: string, part: ForgottenPart): string {
  const read = readEvents(events)
  if (read === null) return events
  return fitted(
    events,
    forgetting[part].map((privacy) => JSON.stringify(read.map((event) => privacy.event(event)))),
  )
}

/** Replaces a person in the events that name the person, and drops the clients in them. Null if no event does. @param events JSON array */
export function forgetPerson(events: string, person: Person): string | null {
  const read = readEvents(events)
  if (read === null || read.every((event) => person.replaceIn(event) === event)) return null
  const candidates = ERASED.map((mark, place) =>
    JSON.stringify(
      read.map((event) => {
        const without = person.replaceIn(event, { mark })
        return without === event ? event : (forgetting.ips[place]?.event(without) ?? without)
      }),
    ),
  )
  return fitted(events, candidates)
}

/**
 * The first text that is not longer than the one whose place it takes, with spaces up to the same length: SQLite overwrites a value of the
 * same length in place. Another length moves rows, and copies of them would stay between the rows of a page.
 */
function fitted(original: string, candidates: readonly string[]): string {
  const room = Buffer.byteLength(original)
  const fits = candidates.find((text) => Buffer.byteLength(text) <= room)
  return fits === undefined ? (candidates.at(-1) ?? original) : fits + ' '.repeat(room - Buffer.byteLength(fits))
}

/** Null for text that another program wrote into the ledger. */
function readEvents(text: string): readonly Event[] | null {
  try {
    const events: unknown = JSON.parse(text)
    return Array.isArray(events) ? (events as readonly Event[]) : null
  } catch {
    return null
  }
}
