// The public keys of an issuer of tokens (JWKS, RFC 7517): from a file, or from a URL, whose last good answer is used while it does not answer.

import type { Clock } from '../lib/clock.ts'
import { type KeySet, readKeySet } from '../lib/key-set.ts'
import { errorText, type Log } from '../lib/log.ts'

export interface TokenKeys {
  /** The keys; null if there are none yet, with the cause in `problem`. */
  current(): Promise<KeySet | null>
  /** Asks again for a key that is missing, unless that was done a moment ago. True if keys were fetched. */
  renew(): Promise<boolean>
  problem(): string | null
}

export type KeyPlace = { readonly keys: KeySet } | { readonly url: string }

export interface KeyPorts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly fetch: typeof globalThis.fetch
  readonly log: Pick<Log, 'warn'>
}

/** Issuers publish a new key hours before they sign with it. */
const KEEP_MS = 15 * 60_000
/** Clients with tokens of unknown keys cause no more questions than this. */
const COOLDOWN_MS = 30_000
const FETCH_MS = 5000
/** Some thousand keys. */
const MOST_OCTETS = 1024 * 1024

export function createTokenKeys(place: KeyPlace, { clock, fetch, log }: KeyPorts): TokenKeys {
  if ('keys' in place) return { current: async () => place.keys, renew: async () => false, problem: () => null }
  let keys: KeySet | null = null
  let problem: string | null = null
  let askedAt: number | null = null
  let running: Promise<boolean> | null = null
  const ask = async (): Promise<boolean> => {
    askedAt = clock.monotonic()
    try {
      keys = await fetchKeys(place.url, fetch)
      problem = null
      return true
    } catch (error) {
      const before = problem
      problem = `${place.url}: ${errorText(error)}`
      if (problem !== before) log.warn({ cause: problem }, 'the keys of the issuer of tokens cannot be fetched')
      return false
    }
  }
  const renew = async (): Promise<boolean> => {
    if (running) return running
    if (askedAt !== null && clock.monotonic() - askedAt < COOLDOWN_MS) return false
    running = ask().finally(() => (running = null))
    return running
  }
  return {
    current: async () => {
      if (keys === null || askedAt === null || clock.monotonic() - askedAt > KEEP_MS) await renew()
      return keys
    },
    renew,
    problem: () => problem,
  }
}

async function fetchKeys(url: string, fetch: KeyPorts['fetch']): Promise<KeySet> {
  // A redirect could lead to another host than the operator trusts.
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS), redirect: 'error' })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > MOST_OCTETS) throw new Error(`it has more than ${MOST_OCTETS} octets`)
  }
  const keys = readKeySet(text)
  if (!keys) throw new Error('found no key set, expected JSON with `keys`')
  return keys
}
