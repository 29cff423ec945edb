// Caches a resolver's answers for their TTL, negative ones too (RFC 2308), and merges equal questions that are open at the same time. The
// bound is in octets, because domain owners decide the size of answers. An unavailable answer never becomes an absent one.

import type { Clock } from '../lib/clock.ts'
import { canonicalName } from './name.ts'
import type { DnsAnswer, RecordType, RecordTypes, Resolver } from './resolver.ts'

/** A TTL of zero would cause a query for every recipient of one message. */
const MIN_TTL_S = 5
/** One day, so that a wrong record with a very long TTL expires. */
const MAX_TTL_S = 86_400
/** Fifteen minutes, so that a newly created name is found soon (RFC 2308 5 allows 1 to 3 hours). */
const MAX_NEGATIVE_TTL_S = 900
/** RFC 2308 7.1 allows up to 5 minutes; seconds are enough against a burst of retries. */
const UNAVAILABLE_TTL_S = 5
/** About 40 000 small answers. */
const DEFAULT_CACHE_OCTETS = 8 * 1024 * 1024
/** Octets of an entry in addition to its data: key, objects, map slot. */
const ENTRY_OVERHEAD = 200

type Answer = DnsAnswer<RecordTypes[RecordType]>

interface Entry {
  readonly answer: Answer
  /** Monotonic milliseconds, as `expiresAt`. */
  readonly storedAt: number
  readonly expiresAt: number
  readonly octets: number
}

/** Wraps `inner`. `maxOctets` bounds the cached data; the least recently used entries are dropped first. */
export function createCachedResolver(
  inner: Resolver,
  options: { readonly clock: Clock; readonly maxOctets?: number },
): Resolver {
  const { clock, maxOctets = DEFAULT_CACHE_OCTETS } = options
  const entries = new Map<string, Entry>()
  const waiting = new Map<string, Promise<Answer>>()
  let cachedOctets = 0

  const drop = (key: string, entry: Entry): void => {
    entries.delete(key)
    cachedOctets -= entry.octets
  }
  const recall = (key: string): Answer | null => {
    const entry = entries.get(key)
    if (entry === undefined) return null
    const now = clock.monotonic()
    if (now >= entry.expiresAt) {
      drop(key, entry)
      return null
    }
    // Moves the entry to the end of the map, which is ordered by last use.
    entries.delete(key)
    entries.set(key, entry)
    return aged(entry.answer, Math.floor((now - entry.storedAt) / 1000))
  }
  const store = (key: string, answer: Answer): void => {
    const old = entries.get(key)
    if (old !== undefined) drop(key, old)
    const octets = ENTRY_OVERHEAD + key.length + octetsOf(answer)
    if (octets > maxOctets) return
    const now = clock.monotonic()
    entries.set(key, { answer, storedAt: now, expiresAt: now + lifetime(answer) * 1000, octets })
    cachedOctets += octets
    for (const [oldestKey, oldest] of entries) {
      if (cachedOctets <= maxOctets) break
      drop(oldestKey, oldest)
    }
  }
  const query = async (key: string, name: string, type: RecordType): Promise<Answer> => {
    try {
      const answer: Answer = await inner.resolve(name, type)
      store(key, answer)
      return answer
    } finally {
      waiting.delete(key)
    }
  }
  return {
    async resolve<T extends RecordType>(name: string, type: T) {
      const key = `${type} ${canonicalName(name) ?? name}`
      let answer = recall(key) ?? waiting.get(key)
      if (answer === undefined) {
        answer = query(key, name, type)
        waiting.set(key, answer)
      }
      // The key holds the type, so the answer is of this type.
      return (await answer) as DnsAnswer<RecordTypes[T]>
    },
  }
}

/** Seconds for which an answer is cached. */
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
