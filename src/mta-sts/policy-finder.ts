// Which policy of MTA-STS counts for a domain now (RFC 8461 sections 3.3 and 5.1). The record in the DNS says whether there is one, and
// whether it has changed; the file keeps what was fetched, so that it counts until its end whatever becomes of the record.
//
// | record | known policy, not expired | no known policy |
// |---|---|---|
// | same id | known | – |
// | another id | fetched; known if that fails | fetched; `failed` if that fails |
// | none, several | known | `none` |
// | unavailable | known | `unavailable` |
//
// A policy of mode `none` is kept like the others, and the answer is `none`.

import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { PolicyStore, StoredPolicy } from '../state/sts-contract.ts'
import type { FetchedPolicy, FetchPolicy, StsFailure } from './fetch-policy.ts'
import type { StsPolicy } from './sts-policy.ts'
import { readStsRecord } from './sts-record.ts'

export type StsAnswer =
  | { readonly kind: 'policy'; readonly policy: StsPolicy; readonly text: string }
  /** The domain has no policy. */
  | { readonly kind: 'none'; readonly text: string }
  /** The domain announces a policy that the node cannot get, and none is known. RFC 8461 3.3 counts it as none; a report informs the domain. */
  | { readonly kind: 'failed'; readonly failure: StsFailure; readonly text: string }
  /** It cannot be known now. `ours`: the cause is on this side. `isBogus`: DNSSEC shows that the record is forged or broken. */
  | { readonly kind: 'unavailable'; readonly ours: boolean; readonly isBogus?: true; readonly text: string }

export interface PolicyFinderPorts {
  readonly resolver: Resolver
  readonly store: PolicyStore
  readonly fetch: FetchPolicy
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** Called with the result of each fetch. */
  readonly fetched: (domain: string, result: FetchedPolicy) => void
}

export interface PolicyFinder {
  /** @param domain A-labels in lower case. Never rejects, unless a port does. */
  find(domain: string): Promise<StsAnswer>
  /** Fetches policies again that mail has used lately and that are a day old, so that none ends while its server is blocked. */
  refresh(): Promise<void>
}

/** Policies in memory; the file has the others. */
const MOST_KNOWN = 5000
const MOST_FAILURES = 5000
/** RFC 8461 3.3: a fetch that failed is not repeated for five minutes or longer, ms. */
const RETRY_MS = 5 * 60_000
const DAY_MS = 86_400_000
/** A policy that no mail has used for a month is left to its end. */
const USED_MS = 30 * DAY_MS
/** Policies of one refresh, which runs each hour: twelve thousand a day. */
const REFRESHED_AT_ONCE = 500
const REFRESHED_TOGETHER = 4

interface Failure {
  readonly id: string
  readonly failure: StsFailure
  readonly cause: string
  /** Monotonic ms. */
  readonly until: number
}

type Known = { readonly policy: StoredPolicy | null } | 'unreadable'

type RecordAnswer =
  | ReturnType<typeof readStsRecord>
  | { readonly kind: 'unavailable'; readonly ours: boolean; readonly isBogus?: true; readonly text: string }

export function createPolicyFinder(ports: PolicyFinderPorts): PolicyFinder {
  return new StoredFinder(ports)
}

class StoredFinder implements PolicyFinder {
  readonly #ports: PolicyFinderPorts
  readonly #known = new Map<string, { readonly policy: StoredPolicy | null }>()
  readonly #failures = new Map<string, Failure>()
  /** Messages for one domain that come together ask once. */
  readonly #asking = new Map<string, Promise<StsAnswer>>()

  constructor(ports: PolicyFinderPorts) {
    this.#ports = ports
  }

  find(domain: string): Promise<StsAnswer> {
    const asking = this.#asking.get(domain)
    if (asking) return asking
    const answer = this.#find(domain).finally(() => this.#asking.delete(domain))
    this.#asking.set(domain, answer)
    return answer
  }

  async #find(domain: string): Promise<StsAnswer> {
    const [record, known] = await Promise.all([this.#record(domain), this.#knownOf(domain)])
    if (known !== 'unreadable' && this.#counts(known.policy)) {
      if (record.kind !== 'record') return this.#use(known.policy, `, though there is ${record.text}`)
      if (record.id === known.policy.id) return this.#use(known.policy, '')
    }
    if (record.kind === 'unavailable') return record
    if (record.kind === 'record') return this.#renew(domain, record.id, known)
    if (known === 'unreadable') return unreadable
    return { kind: 'none', text: `${record.text} at _mta-sts.${domain}` }
  }

  async #record(domain: string): Promise<RecordAnswer> {
    const name = `_mta-sts.${domain}`
    const answer = await this.#ports.resolver.resolve(name, 'TXT')
    if (answer.kind === 'absent') return { kind: 'none', text: 'no record' }
    if (answer.kind === 'found') return readStsRecord(answer.records)
    const { ours = false, isBogus } = answer
    const text = `${isBogus ? 'a bogus answer' : 'no answer'} for ${name}: ${answer.cause}`
    return { kind: 'unavailable', ours, ...(isBogus && { isBogus }), text }
  }

  async #knownOf(domain: string): Promise<Known> {
    const known = this.#known.get(domain)
    if (known) return known
    const found = await this.#ports.store.find(domain)
    if (found === null) return 'unreadable'
    remember(this.#known, domain, { value: found, most: MOST_KNOWN })
    return found
  }

  #counts(policy: StoredPolicy | null): policy is StoredPolicy {
    return policy !== null && this.#ports.clock.now() < policy.fetchedAt + policy.maxAge * 1000
  }

  /** Fetches what the record announces. What is known counts if that fails. */
  async #renew(domain: string, id: string, known: Known): Promise<StsAnswer> {
    const result = this.#failureOf(domain, id) ?? (await this.#fetch(domain, id, known))
    if (result.kind === 'fetched') return this.#use(result.policy, '')
    if (known !== 'unreadable' && this.#counts(known.policy))
      return this.#use(known.policy, `, because the node cannot get a newer one: ${result.cause}`)
    if (known === 'unreadable') return unreadable
    const text = `_mta-sts.${domain} announces a policy, but ${result.cause}`
    return result.kind === 'busy'
      ? { kind: 'unavailable', ours: true, text }
      : { kind: 'failed', failure: result.failure, text }
  }

  #failureOf(domain: string, id: string): Exclude<FetchedPolicy, { kind: 'fetched' }> | null {
    const past = this.#failures.get(domain)
    if (past === undefined || past.id !== id || past.until <= this.#ports.clock.monotonic()) return null
    return { kind: 'failed', failure: past.failure, cause: past.cause }
  }

  async #fetch(domain: string, id: string, known: Known) {
    const { fetch, fetched, store, clock } = this.#ports
    const result = await fetch(domain)
    fetched(domain, result)
    if (result.kind === 'busy') return result
    if (result.kind === 'failed') {
      const failure = { id, failure: result.failure, cause: result.cause, until: clock.monotonic() + RETRY_MS }
      remember(this.#failures, domain, { value: failure, most: MOST_FAILURES })
      return result
    }
    this.#failures.delete(domain)
    const now = clock.now()
    const usedAt = (known === 'unreadable' ? null : known.policy?.usedAt) ?? now
    const policy: StoredPolicy = { domain, id, ...result.policy, fetchedAt: now, usedAt }
    remember(this.#known, domain, { value: { policy }, most: MOST_KNOWN })
    // What cannot be stored counts in memory; the state of the file is a matter of health.
    await store.put(policy)
    return { kind: 'fetched', policy } as const
  }

  #use(policy: StoredPolicy, why: string): StsAnswer {
    const now = this.#ports.clock.now()
    if (now - policy.usedAt > DAY_MS) {
      remember(this.#known, policy.domain, { value: { policy: { ...policy, usedAt: now } }, most: MOST_KNOWN })
      void this.#ports.store.touch(policy.domain, now)
    }
    const until = new Date(policy.fetchedAt + policy.maxAge * 1000).toISOString().slice(0, 10)
    const text = `a policy of mode ${policy.mode} until ${until} for ${policy.mx.join(', ') || 'no host'}${why}`
    return policy.mode === 'none' ? { kind: 'none', text } : { kind: 'policy', policy, text }
  }

  async refresh(): Promise<void> {
    const { store, clock } = this.#ports
    const now = clock.now()
    await store.purge(now)
    const stale = await store.stale({ now, usedAfter: now - USED_MS, limit: REFRESHED_AT_ONCE })
    const waiting = [...(stale?.policies ?? [])]
    const work = async () => {
      for (let policy = waiting.shift(); policy; policy = waiting.shift()) await this.#refreshOne(policy)
    }
    await Promise.all(Array.from({ length: REFRESHED_TOGETHER }, work))
  }

  /** A record that has vanished means that the domain gives MTA-STS up: then its policy ends by itself. */
  async #refreshOne(policy: StoredPolicy): Promise<void> {
    const record = await this.#record(policy.domain)
    if (record.kind !== 'record' || this.#failureOf(policy.domain, record.id)) return
    const known = await this.#knownOf(policy.domain)
    await this.#fetch(policy.domain, record.id, known === 'unreadable' ? { policy } : known)
  }
}

const unreadable: StsAnswer = {
  kind: 'unavailable',
  ours: true,
  text: 'the file of policies cannot be used, so a policy may exist that is not known',
}

/** The oldest entry gives way. */
function remember<Value>(
  map: Map<string, Value>,
  key: string,
  { value, most }: { readonly value: Value; readonly most: number },
): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) map.delete(map.keys().next().value as string)
}
