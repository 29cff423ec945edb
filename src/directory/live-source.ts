// A source that is asked for each address, behind a cache of its answers: one request at a time for one address, and the last known
// answers while the source is unavailable.

import type { Clock } from '../lib/clock.ts'
import type { Mailbox } from '../smtp/mailbox.ts'
import { addressKey } from './address.ts'
import type { AddressRecord, Grant, Lookup } from './directory.ts'
import type { ExternalSource, SourceUser } from './external-source.ts'

/** A source without a cache. Its methods have their own deadlines and never throw. */
export interface LiveSource {
  /** `key` as addressKey makes it. */
  address(key: string): Promise<Lookup<AddressRecord>>
  /** With the hash of the password, if the source has one. */
  user(name: string): Promise<Lookup<SourceUser>>
  /** Aliases that name the address, by its key; absent if there are none. */
  aliasGrants(key: string): Promise<Lookup<readonly Grant[]>>
  /** Only in sources that check passwords themselves instead of returning hashes. */
  readonly verify?: (user: SourceUser, password: string) => Promise<VerifyAnswer>
  close(): void
}

export interface LiveSettings {
  readonly name: string
  readonly domains: ReadonlySet<string>
  /** How long a found entry is used without another request, ms. */
  readonly foundMs: number
  /** How long an address counts as unknown, ms: a new address waits up to this long. */
  readonly absentMs: number
  /** How long a found entry is used while the source is unavailable, ms. */
  readonly keepMs: number
}

export interface CachedSource extends ExternalSource {
  /** Why the last request failed; null if it succeeded. */
  failure(): string | null
  /** When requests began to fail, unix milliseconds; null after a success. */
  failingSince(): number | null
  /** Asks the source once, at the start of the node. Resolves with the cause if it does not answer. */
  probe(): Promise<string | null>
  /** Only in sources that check passwords themselves. With null for an unknown user it takes as long as a check. */
  readonly verify?: (user: SourceUser | null, password: string) => Promise<VerifyAnswer>
  close(): void
}

export type VerifyAnswer =
  | { readonly kind: 'match' | 'mismatch' }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** Entries of each kind; the least recently used is dropped. A hundred thousand addresses take some tens of megabytes. */
const CACHE_LIMIT = 100_000
/** The duration of a check before one was measured: a connection with TLS and a hash. */
const FIRST_VERIFY_MS = 20

/** Puts a cache in front of a source. */
export function cacheSource(settings: LiveSettings, source: LiveSource, clock: Clock): CachedSource {
  let failure: string | null = null
  let failingSince: number | null = null
  const noted = <T>(answer: Lookup<T>): Lookup<T> => {
    failure = answer.kind === 'unavailable' ? answer.cause : null
    failingSince = failure === null ? null : (failingSince ?? clock.now())
    return answer
  }
  const cached = <T>(request: (key: string) => Promise<Lookup<T>>) =>
    createCache<T>(settings, {
      clock,
      request: async (key) => noted(await request(key)),
      isUnavailable: () => failure !== null,
    })
  const addresses = cached((key) => source.address(key))
  const users = cached((name) => source.user(name))
  const aliasGrants = cached((key) => source.aliasGrants(key))
  return {
    name: settings.name,
    domains: settings.domains,
    find: async (key) => {
      const { value, incomplete } = await addresses(key)
      return { record: value, incomplete }
    },
    mayHave: () => true,
    user: async (name) => {
      const { value, incomplete, wasAbsent } = await users(name)
      if (value) return incomplete === null ? { kind: 'found', value } : { kind: 'found', value, incomplete }
      return incomplete === null ? { kind: 'absent' } : { kind: 'unavailable', cause: incomplete, wasAbsent }
    },
    aliasGrants: async (address: Mailbox) => {
      if (!settings.domains.has(address.domain)) return { grants: [], incomplete: null }
      const { value, incomplete } = await aliasGrants(addressKey(address))
      return { grants: value ?? [], incomplete }
    },
    failure: () => failure,
    failingSince: () => failingSince,
    probe: async () => {
      const [domain] = settings.domains
      return domain === undefined ? null : (await addresses(`postmaster@${domain}`)).incomplete
    },
    ...(source.verify ? { verify: createVerify(source.verify, clock) } : {}),
    close: () => source.close(),
  }
}

/** Nothing about passwords is cached, only how long the last check took. */
function createVerify(verify: NonNullable<LiveSource['verify']>, clock: Clock): NonNullable<CachedSource['verify']> {
  let usualMs = FIRST_VERIFY_MS
  return async (user, password) => {
    if (!user) {
      await clock.sleep(usualMs)
      return { kind: 'mismatch' }
    }
    const started = clock.monotonic()
    const answer = await verify(user, password)
    if (answer.kind === 'unavailable') return answer
    usualMs = clock.monotonic() - started
    return answer
  }
}

interface CacheEntry<T> {
  readonly value: T | null
  /** Monotonic time of the answer. */
  readonly at: number
}

interface CachedLookup<T> {
  readonly value: T | null
  /** Why the value may be out of date; null if it is current. */
  readonly incomplete: string | null
  /** The source is unavailable and did not know the key in its last answer. */
  readonly wasAbsent: boolean
}

interface CachePorts<T> {
  readonly clock: Clock
  readonly request: (key: string) => Promise<Lookup<T>>
  /** True if the last request failed. */
  readonly isUnavailable: () => boolean
}

function createCache<T>(settings: LiveSettings, ports: CachePorts<T>): (key: string) => Promise<CachedLookup<T>> {
  const { clock, request, isUnavailable } = ports
  const entries = new Map<string, CacheEntry<T>>()
  const underWay = new Map<string, Promise<CachedLookup<T>>>()
  const store = (key: string, value: T | null) => {
    // A Map keeps the order of insertion: the first entry is the least recently stored.
    entries.delete(key)
    entries.set(key, { value, at: clock.monotonic() })
    const [oldest] = entries.keys()
    if (entries.size > CACHE_LIMIT && oldest !== undefined) entries.delete(oldest)
  }
  const lookUp = async (key: string, old: CacheEntry<T> | undefined): Promise<CachedLookup<T>> => {
    const answer = await request(key)
    if (answer.kind !== 'unavailable') {
      const value = answer.kind === 'found' ? answer.value : null
      store(key, value)
      return { value, incomplete: null, wasAbsent: false }
    }
    // A found entry still helps while the source is unavailable; an absent one proves nothing.
    const isKept = old !== undefined && clock.monotonic() - old.at <= settings.keepMs
    return { value: isKept ? old.value : null, incomplete: answer.cause, wasAbsent: isKept && old.value === null }
  }
  const isFresh = ({ value, at }: CacheEntry<T>) => {
    if (value === null && isUnavailable()) return false
    return clock.monotonic() - at <= (value === null ? settings.absentMs : settings.foundMs)
  }
  return async (key) => {
    const old = entries.get(key)
    if (old && isFresh(old)) return { value: old.value, incomplete: null, wasAbsent: false }
    const running = underWay.get(key)
    if (running) return await running
    const mine = lookUp(key, old).finally(() => underWay.delete(key))
    underWay.set(key, mine)
    return await mine
  }
}
