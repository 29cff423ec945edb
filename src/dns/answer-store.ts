// Keeps answers for their TTL in a bounded number of octets, because domain owners decide the size of answers. An answer that was used
// again is protected: a flood of names that are asked once replaces only other such names (a segmented LRU). One zone has a share.

import type { Clock } from '../lib/clock.ts'
import { zoneOf } from './name-zone.ts'
import type { DnsAnswer, RecordType, RecordTypes } from './resolver.ts'

export type Answer = DnsAnswer<RecordTypes[RecordType]>

export interface AnswerStore {
  /** The answer with its remaining TTL; null if there is none, or no longer. */
  recall(key: QuestionKey): Answer | null
  keep(key: QuestionKey, answer: Answer): void
}

export interface QuestionKey {
  readonly type: RecordType
  /** Canonical (name.ts). */
  readonly name: string
}

/** A TTL of zero would cause a query for every recipient of one message. */
const MIN_TTL_S = 5
/** One day, so that a wrong record with a very long TTL expires. */
const MAX_TTL_S = 86_400
/** Fifteen minutes, so that a newly created name is found soon (RFC 2308 5 allows 1 to 3 hours). */
const MAX_NEGATIVE_TTL_S = 900
/** RFC 2308 7.1 allows up to 5 minutes; seconds are enough against a burst of retries. */
const UNAVAILABLE_TTL_S = 5
/** Octets of an entry in addition to its data: key, objects, map slot. */
const ENTRY_OVERHEAD = 200
/** The part of the octets for answers that were used again. */
const PROTECTED_SHARE = 0.8
/** The part of the octets for one zone, so that the names of one owner cannot fill the store. */
const ZONE_SHARE = 0.125

interface Entry {
  readonly answer: Answer
  readonly zone: string
  /** Monotonic milliseconds, as `expiresAt`. */
  readonly storedAt: number
  readonly expiresAt: number
  readonly octets: number
  isProtected: boolean
}

/** Keys in the order of last use, and the octets of their entries. */
interface Segment {
  readonly keys: Set<string>
  octets: number
}

export function createAnswerStore(clock: Pick<Clock, 'monotonic'>, maxOctets: number): AnswerStore {
  const entries = new Map<string, Entry>()
  const once: Segment = { keys: new Set(), octets: 0 }
  const again: Segment = { keys: new Set(), octets: 0 }
  const zones = new Map<string, Segment>()

  const drop = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    remove(entry.isProtected ? again : once, key, entry)
    const zone = zones.get(entry.zone)
    if (zone) remove(zone, key, entry)
    if (zone?.keys.size === 0) zones.delete(entry.zone)
  }
  const protect = (key: string, entry: Entry): void => {
    remove(entry.isProtected ? again : once, key, entry)
    entry.isProtected = true
    add(again, key, entry)
    for (const oldest of again.keys) {
      if (again.octets <= maxOctets * PROTECTED_SHARE) break
      const demoted = entries.get(oldest) as Entry
      remove(again, oldest, demoted)
      demoted.isProtected = false
      add(once, oldest, demoted)
    }
  }
  const trim = (segment: Segment, isOver: () => boolean): void => {
    for (const oldest of segment.keys) if (isOver()) drop(oldest)
  }
  return {
    recall: ({ type, name }) => {
      const key = `${type} ${name}`
      const entry = entries.get(key)
      if (entry === undefined) return null
      const now = clock.monotonic()
      if (now < entry.expiresAt) {
        protect(key, entry)
        return aged(entry.answer, Math.floor((now - entry.storedAt) / 1000))
      }
      drop(key)
      return null
    },
    keep: ({ type, name }, answer) => {
      const key = `${type} ${name}`
      const wasProtected = entries.get(key)?.isProtected ?? false
      drop(key)
      const entry = newEntry(name, answer, clock.monotonic())
      if (entry.octets > maxOctets * ZONE_SHARE) return
      const zone = zones.get(entry.zone) ?? { keys: new Set(), octets: 0 }
      zones.set(entry.zone, zone)
      entries.set(key, entry)
      for (const segment of [once, zone]) add(segment, key, entry)
      if (wasProtected) protect(key, entry)
      trim(zone, () => zone.octets > maxOctets * ZONE_SHARE)
      trim(once, () => once.octets + again.octets > maxOctets)
    },
  }
}

function newEntry(name: string, answer: Answer, now: number): Entry {
  const octets = ENTRY_OVERHEAD + name.length + octetsOf(answer)
  const expiresAt = now + lifetime(answer) * 1000
  return { answer, zone: zoneOf(name), storedAt: now, expiresAt, octets, isProtected: false }
}

function add(segment: Segment, key: string, { octets }: Entry): void {
  segment.keys.add(key)
  segment.octets += octets
}

function remove(segment: Segment, key: string, { octets }: Entry): void {
  if (segment.keys.delete(key)) segment.octets -= octets
}

/** Seconds for which an answer is kept. */
function lifetime(answer: Answer): number {
  switch (answer.kind) {
    case 'unavailable':
      return UNAVAILABLE_TTL_S
    case 'absent':
      return clamp(answer.ttl, MAX_NEGATIVE_TTL_S)
    case 'found':
      return clamp(answer.ttl, MAX_TTL_S)
  }
}

function clamp(ttl: number, max: number): number {
  return Math.min(Math.max(ttl, MIN_TTL_S), max)
}

/** The answer with its remaining TTL. */
function aged(answer: Answer, seconds: number): Answer {
  if (answer.kind === 'unavailable') return answer
  return { ...answer, ttl: Math.max(0, answer.ttl - seconds) }
}

function octetsOf(answer: Answer): number {
  if (answer.kind === 'unavailable') return answer.cause.length
  if (answer.kind === 'absent') return 0
  return answer.records.reduce<number>((sum, record) => sum + recordOctets(record), answer.name.length)
}

function recordOctets(record: RecordTypes[RecordType]): number {
  const overhead = 64
  if (typeof record === 'string') return overhead + record.length
  if ('exchange' in record) return overhead + record.exchange.length
  if ('target' in record) return overhead + record.target.length
  if ('data' in record) return overhead + record.data.length
  return record.reduce((sum, chunk) => sum + overhead + chunk.length, overhead)
}
