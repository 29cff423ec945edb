// What stands between the askers of a node and the network: answers are kept (answer-store.ts), equal questions that are open at the same
// time are asked once, and open questions have a limited number of places (places), which an aborted question gives back at
// once. An unavailable answer never becomes an absent one.

import { createWaitingPlaces, type WaitingPools } from '../budget/waiting-places.ts'
import type { Clock } from '../lib/clock.ts'
import { type Answer, createAnswerStore, type QuestionKey } from './answer-store.ts'
import { canonicalName } from './name.ts'
import { zoneOf } from './name-zone.ts'
import type { Ask, DnsAnswer, RecordType, RecordTypes, Resolver, Unavailable } from './resolver.ts'
import { type SharedQuestion, shareQuestion } from './shared-question.ts'
import { createSilentZones } from './silent-zones.ts'

/** About 40 000 small answers. */
const DEFAULT_CACHE_OCTETS = 8 * 1024 * 1024
/** Longest wait for a place, ms. What waits longer has usually been given up by its asker. */
const WAIT_MS = 5_000
/** A question that was given up after this time without an answer counts as unanswered by its zone, ms. A live zone needs less. */
const UNANSWERED_MS = 1_500
/**
 * Strangers choose the names of these questions, so a silent zone is passed over. Questions of the node itself are always asked, and have a
 * share of the zone for themselves: many owners can be below one zone.
 */
const ofStrangers: ReadonlySet<Ask['purpose']> = new Set<Ask['purpose']>(['people', 'internet', 'optional'])

const optional: Ask = { purpose: 'optional' }

export interface CacheOptions {
  readonly clock: Clock
  /** Budgets `dnsQuestions` and `dnsWaiting`. */
  readonly pools: WaitingPools
  /** Bounds the answers that are kept. */
  readonly maxOctets?: number
}

/** @param inner obeys the signal of `Ask` */
export function createCachedResolver(inner: Resolver, options: CacheOptions): Resolver {
  const { clock, pools, maxOctets = DEFAULT_CACHE_OCTETS } = options
  const store = createAnswerStore(clock, maxOctets)
  const places = createWaitingPlaces({ ...pools, waitMs: WAIT_MS, one: 'a DNS question', many: 'DNS questions' }, clock)
  const silent = createSilentZones(clock)
  const open = new Map<string, SharedQuestion<Answer>>()

  /** The answer that is kept, or that of the same question if it is open; null if it has to be asked. */
  const known = (key: QuestionKey, { signal }: Ask): Answer | Promise<Answer> | null =>
    store.recall(key) ?? open.get(`${key.type} ${key.name}`)?.join(signal) ?? null

  const query = async (key: QuestionKey, zone: string, signal: AbortSignal): Promise<Answer> => {
    const askedAt = clock.monotonic()
    const answer: Answer = await inner.resolve(key.name, key.type, { purpose: 'delivery', signal })
    const isAnswer = answer.kind !== 'unavailable' || answer.ours !== true
    if (isAnswer) silent.answered(zone)
    else if (!signal.aborted || clock.monotonic() - askedAt >= UNANSWERED_MS) silent.unanswered(zone)
    if (!signal.aborted) store.keep(key, answer)
    return answer
  }
  const ask = async (key: QuestionKey, asked: Ask): Promise<Answer> => {
    const { purpose, client, signal } = asked
    const zone = zoneOf(key.name)
    if (ofStrangers.has(purpose) && silent.isSilent(zone))
      return unavailable(key, `the name servers of ${zone} did not answer the last questions`)
    const share = ofStrangers.has(purpose) ? zone : `${zone} of ${purpose}`
    const place = await places.take({ purpose, zone: share, ...(client !== undefined && { ip: client }) }, signal)
    if (place.kind === 'none') return unavailable(key, place.cause)
    // The same question may have been asked during the wait.
    const meanwhile = known(key, asked)
    if (meanwhile !== null) {
      place.release()
      return meanwhile
    }
    const id = `${key.type} ${key.name}`
    const question = shareQuestion<Answer>({
      ask: (aborted) => query(key, zone, aborted),
      given: () => unavailable(key, 'aborted'),
      ended: () => {
        place.release()
        if (open.get(id) === question) open.delete(id)
      },
    })
    open.set(id, question)
    return question.join(signal)
  }
  return {
    async resolve<T extends RecordType>(name: string, type: T, asked: Ask = optional) {
      const key = { type, name: canonicalName(name) ?? name }
      if (asked.signal?.aborted) return unavailable(key, 'aborted')
      // The key holds the type, so the answer is of this type.
      return (await (known(key, asked) ?? ask(key, asked))) as DnsAnswer<RecordTypes[T]>
    },
  }
}

function unavailable({ type, name }: QuestionKey, cause: string): Unavailable {
  return { kind: 'unavailable', cause: `${type} of ${name}: ${cause}`, ours: true }
}
