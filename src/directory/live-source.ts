// A source that is asked for each address, behind a memory of its answers: one question at a time for one address, and the last known
// answers while the source is away. Room: directory.

import type { Clock } from '../lib/clock.ts'
import type { AddressRecord } from './directory.ts'
import type { DirectorySource, SourceUser } from './source.ts'

export type LiveAnswer<T> =
  | { readonly kind: 'known'; readonly value: T | null }
  | { readonly kind: 'unavailable'; readonly cause: string }

/** What can be asked. Answers within its own deadline, never throws. */
export interface LiveSource {
  /** `key` as addressKey makes it. */
  address(key: string): Promise<LiveAnswer<AddressRecord>>
  user(name: string): Promise<LiveAnswer<SourceUser>>
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

export interface CachedSource extends DirectorySource {
  /** Why the source did not answer last; null if it did. */
  trouble(): string | null
  close(): void
}

/** Answers kept of each kind: a hundred thousand addresses in some tens of megabytes; the least recently asked go. */
const MOST_ANSWERS = 100_000

/** Puts the memory before a source. */
export function cacheSource(settings: LiveSettings, source: LiveSource, clock: Clock): CachedSource {
  let trouble: string | null = null
  const heard = <T>(answer: LiveAnswer<T>): LiveAnswer<T> => {
    trouble = answer.kind === 'unavailable' ? answer.cause : null
    return answer
  }
  const addresses = createMemory(settings, clock, async (key: string) => heard(await source.address(key)))
  const users = createMemory(settings, clock, async (name: string) => heard(await source.user(name)))
  return {
    name: settings.name,
    domains: settings.domains,
    find: async (key) => {
      const { value, doubt } = await addresses(key)
      return { record: value, doubt }
    },
    mayKnow: () => true,
    user: async (name) => {
      const { value, doubt } = await users(name)
      if (value) return { kind: 'found', value }
      return doubt === null ? { kind: 'absent' } : { kind: 'unavailable', cause: doubt }
    },
    // Which entries name an address is a question over the whole directory: only a mirror can answer it.
    naming: () => [],
    trouble: () => trouble,
    close: () => source.close(),
  }
}

interface Remembered<T> {
  readonly value: T | null
  readonly at: number
}

interface Recalled<T> {
  readonly value: T | null
  /** Why the value may not be right any more. */
  readonly doubt: string | null
}

function createMemory<T>(
  settings: LiveSettings,
  clock: Clock,
  ask: (key: string) => Promise<LiveAnswer<T>>,
): (key: string) => Promise<Recalled<T>> {
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
      return { value: answer.value, doubt: null }
    }
    // That it did not exist is no longer known; what it was still is.
    const stands = old !== undefined && old.value !== null && clock.now() - old.at <= settings.keepMs
    return { value: stands ? old.value : null, doubt: answer.cause }
  }
  return async (key) => {
    const old = known.get(key)
    const age = old ? clock.now() - old.at : 0
    if (old && age >= 0 && age <= (old.value === null ? settings.absentMs : settings.foundMs))
      return { value: old.value, doubt: null }
    const running = asking.get(key)
    if (running) return await running
    const mine = question(key, old).finally(() => asking.delete(key))
    asking.set(key, mine)
    return await mine
  }
}
