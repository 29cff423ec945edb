// A source that is asked for each address, behind a memory of its answers: one question at a time for one address, and the last known
// answers while the source is away. Room: directory.

import type { Clock } from '../lib/clock.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { addressKey } from './address.ts'
import type { AddressRecord, Grant } from './directory.ts'
import type { ExternalSource, SourceUser } from './external-source.ts'

export type LiveLookup<T> =
  | { readonly kind: 'known'; readonly value: T | null }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** What can be asked. Answers within its own deadline, never throws. */
export interface LiveSource {
  /** `key` as addressKey makes it. */
  address(key: string): Promise<LiveLookup<AddressRecord>>
  /** With the hash of the password, where the source has one. */
  user(name: string): Promise<LiveLookup<SourceUser>>
  /** Aliases that name the address, by its key; null if there are none. */
  aliasGrants(key: string): Promise<LiveLookup<readonly Grant[]>>
  /** Only where it checks passwords itself instead of giving hashes: true or null. */
  readonly verify?: (user: SourceUser, password: string) => Promise<LiveLookup<true>>
  close(): void
}

export interface LiveSettings {
  readonly name: string
  readonly domains: ReadonlySet<string>
  /** How long a found answer counts without being asked again, ms. */
  readonly foundMs: number
  /** How long an address counts as unknown, ms: new addresses wait this long. */
  readonly absentMs: number
  /** How long a found answer may stand in for a source that is away, ms. */
  readonly keepMs: number
}

export interface CachedSource extends ExternalSource {
  /** Why the source did not answer last; null if it did. */
  failure(): string | null
  /** Only where it checks passwords itself. Of nobody (null) it takes as long as of somebody. */
  readonly verify?: (user: SourceUser | null, password: string) => Promise<VerifyAnswer>
  close(): void
}

export type VerifyAnswer =
  | { readonly kind: 'match' | 'mismatch' }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Answers kept of each kind: a hundred thousand addresses in some tens of megabytes; the least recently asked go. */
const MOST_ANSWERS = 100_000
/** What a check takes before one was measured: a connection with TLS and a hash. */
const FIRST_VERIFY_MS = 20

/** Puts the memory before a source. */
export function cacheSource(settings: LiveSettings, source: LiveSource, clock: Clock): CachedSource {
  let trouble: string | null = null
  const heard = <T>(answer: LiveLookup<T>): LiveLookup<T> => {
    trouble = answer.kind === 'unavailable' ? answer.cause : null
    return answer
  }
  const memory = <T>(ask: (key: string) => Promise<LiveLookup<T>>) =>
    createMemory<T>(settings, { clock, ask: async (key) => heard(await ask(key)), isAway: () => trouble !== null })
  const addresses = memory((key) => source.address(key))
  const users = memory((name) => source.user(name))
  const namings = memory((key) => source.aliasGrants(key))
  return {
    name: settings.name,
    domains: settings.domains,
    find: async (key) => {
      const { value, incomplete } = await addresses(key)
      return { record: value, incomplete }
    },
    mayKnow: () => true,
    user: async (name) => {
      const { value, incomplete, wasAbsent } = await users(name)
      if (value) return incomplete === null ? { kind: 'found', value } : { kind: 'found', value, incomplete }
      return incomplete === null ? { kind: 'absent' } : { kind: 'unavailable', cause: incomplete, wasAbsent }
    },
    aliasGrants: async (address: Mailbox) => {
      if (!settings.domains.has(address.domain)) return { grants: [], incomplete: null }
      const { value, incomplete } = await namings(addressKey(address))
      return { grants: value ?? [], incomplete }
    },
    failure: () => trouble,
    ...(source.verify ? { verify: createVerify(source.verify, clock) } : {}),
    close: () => source.close(),
  }
}

/** Nothing of a password is remembered, only how long the last check took. */
function createVerify(verify: NonNullable<LiveSource['verify']>, clock: Clock): NonNullable<CachedSource['verify']> {
  let usualMs = FIRST_VERIFY_MS
  return async (user, password) => {
    if (!user) {
      await clock.sleep(usualMs)
      return { kind: 'mismatch' }
    }
    const begin = clock.now()
    const answer = await verify(user, password)
    if (answer.kind === 'unavailable') return answer
    usualMs = Math.max(0, clock.now() - begin)
    return { kind: answer.value ? 'match' : 'mismatch' }
  }
}

interface Remembered<T> {
  readonly value: T | null
  readonly at: number
}

interface Recalled<T> {
  readonly value: T | null
  /** Why the value may not be right any more. */
  readonly incomplete: string | null
  /** The source, which is away, did not know it when it answered last. */
  readonly wasAbsent: boolean
}

interface MemoryPorts<T> {
  readonly clock: Clock
  readonly ask: (key: string) => Promise<LiveLookup<T>>
  /** True while the source did not answer last. */
  readonly isAway: () => boolean
}

function createMemory<T>(settings: LiveSettings, ports: MemoryPorts<T>): (key: string) => Promise<Recalled<T>> {
  const { clock, ask, isAway } = ports
  const known = new Map<string, Remembered<T>>()
  const asking = new Map<string, Promise<Recalled<T>>>()
  const put = (key: string, value: T | null) => {
    // Last in the order of insertion is the one used last.
    known.delete(key)
    known.set(key, { value, at: clock.now() })
    const [oldest] = known.keys()
    if (known.size > MOST_ANSWERS && oldest !== undefined) known.delete(oldest)
  }
  const question = async (key: string, old: Remembered<T> | undefined): Promise<Recalled<T>> => {
    const answer = await ask(key)
    if (answer.kind === 'known') {
      put(key, answer.value)
      return { value: answer.value, incomplete: null, wasAbsent: false }
    }
    // That it did not exist is no longer known; what it was still is.
    const stands = old !== undefined && clock.now() - old.at <= settings.keepMs
    return { value: stands ? old.value : null, incomplete: answer.cause, wasAbsent: stands && old.value === null }
  }
  const fresh = ({ value, at }: Remembered<T>) => {
    const age = clock.now() - at
    // Of a source that is away nobody is unknown.
    const limit = value !== null ? settings.foundMs : isAway() ? -1 : settings.absentMs
    return age >= 0 && age <= limit
  }
  return async (key) => {
    const old = known.get(key)
    if (old && fresh(old)) return { value: old.value, incomplete: null, wasAbsent: false }
    const running = asking.get(key)
    if (running) return await running
    const mine = question(key, old).finally(() => asking.delete(key))
    asking.set(key, mine)
    return await mine
  }
}
