// Limits password guessing. Failed logins are counted per client, per site, per account, and per pair of client and account. An attempt
// counts when it begins, so that guesses in parallel are no more than guesses in turn; what did not fail is given back. Where only attempts
// that are not judged yet fill a limit, as of many users behind one address, the next ones wait for them. For a client from which the account has
// logged in before, only the pair counts: guesses from elsewhere do not lock the user out.

import type { Budgets } from '../budget/budgets.ts'
import type { Rate } from '../budget/rate.ts'
import { clientNetwork, plainAddress, siteNetwork } from '../lib/ip-address.ts'
import { userText } from '../smtp/origin.ts'
import { type AttemptsInFlight, createAttemptsInFlight } from './attempts-in-flight.ts'
import type { KnownClients } from './known-clients.ts'

/** How an attempt ended. `undecided`: the password was not judged, or the source of the password is in doubt about itself. */
export type AttemptEnd = 'succeeded' | 'failed' | 'undecided'

export type Attempt =
  | {
      readonly kind: 'free'
      /** The account has logged in from this client before. */
      readonly isKnown: boolean
      /** Call it once, whatever happened. */
      end(how: AttemptEnd): void
    }
  | {
      readonly kind: 'banned'
      readonly cause: string
      /** Whose limit was reached; absent for a user at a client that the account knows, who only has to wait. */
      readonly reached?: ReachedLimit
    }
  /** Attempts that are not judged yet fill a limit. Ask again after the end of one of them. */
  | { readonly kind: 'crowded'; readonly cause: string; readonly nextEnd: Promise<void> }

/** With bans: whether the client may try can be unknown. */
export type LoginAttempt =
  | Exclude<Attempt, { kind: 'crowded' }>
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface ReachedLimit {
  readonly kind: 'address' | 'network' | 'account'
  readonly value: string
  /** Failures that are counted now. */
  readonly failures: number
}

export interface Guard {
  /** Whether this client may try a password for this user now. The attempt counts as failed until its end. */
  begin(ip: string, user: string): Attempt
  /** The counts that matter after a restart. */
  counts(): readonly LoginCount[]
  restore(count: LoginCount, ageMs: number): void
  /** Forgets the failures of an address, a network or an account. */
  forgive(value: string): void
}

/** Failures of one key of a budget. */
export interface LoginCount {
  readonly rate: string
  readonly key: string
  readonly value: number
}

/** Less than this part of a limit is not worth a row: a restart forgives it. */
const KEPT_PART = 0.25
/** Counts of one budget that outlive a restart: writing all of them takes some 10 ms. */
const MOST_KEPT = 2000

export interface GuardParts {
  readonly budgets: Pick<Budgets, 'rate'>
  readonly known: KnownClients
}

interface Keys {
  readonly client: string
  readonly site: string
  readonly account: string
}

export function createGuard({ budgets, known }: GuardParts): Guard {
  const pairs = budgets.rate('failedLoginsOfPair')
  const clients = budgets.rate('failedLoginsOfClient')
  const sites = budgets.rate('failedLoginsOfSite')
  const accounts = budgets.rate('failedLoginsOfAccount')
  const siteAccounts = budgets.rate('accountFailuresOfSite')
  const rates = {
    failedLoginsOfPair: pairs,
    failedLoginsOfClient: clients,
    failedLoginsOfSite: sites,
    failedLoginsOfAccount: accounts,
    accountFailuresOfSite: siteAccounts,
  }
  const flights = createAttemptsInFlight()
  const limitsOf = (keys: Keys, isKnown: boolean) => (isKnown ? [pairLimit(pairs, keys)] : strangersLimits(rates, keys))
  /** Counts the attempt; the result takes it back. */
  const count = ({ client, site, account }: Keys): (() => void) => {
    const counted: [rate: Rate, key: string][] = [
      [pairs, pairOf(account, client)],
      [clients, client],
      [sites, site],
    ]
    // One site alone cannot lock an account out everywhere: it adds only a few failures to the count of the account.
    if (siteAccounts.take(`${account} ${site}`)) counted.push([accounts, account], [siteAccounts, `${account} ${site}`])
    for (const [rate, key] of counted) if (rate !== siteAccounts) rate.count(key)
    return () => {
      for (const [rate, key] of counted) rate.giveBack(key)
    }
  }
  return {
    begin: (ip, user) => {
      const keys = keysOf(ip, user)
      const { client, account } = keys
      const isKnown = known.has(account, client)
      const limits = limitsOf(keys, isKnown)
      const full = limits.find(({ rate, value }) => rate.used(value) + 1 > rate.capacity)
      if (full) return refusalOf(full, { flights, account, client })
      const takeBack = count(keys)
      const landed = flights.begin([...limitsOf(keys, true), ...limitsOf(keys, false)].map(flightOf))
      const succeeded = () => {
        pairs.clear(pairOf(account, client))
        known.add(account, client)
      }
      return {
        kind: 'free',
        isKnown,
        end: (how) => {
          endAttempt(how, { takeBack, succeeded })
          landed()
        },
      }
    },
    ...keptCounts(rates),
    forgive: (value) => {
      for (const rate of [clients, sites, accounts]) rate.clear(value)
    },
  }
}

interface Limit {
  readonly kind: ReachedLimit['kind'] | 'pair'
  readonly rate: Rate
  readonly value: string
}

function pairLimit(rate: Rate, { account, client }: Keys): Limit {
  return { kind: 'pair', rate, value: pairOf(account, client) }
}

type StrangersRates = Readonly<Record<'failedLoginsOfClient' | 'failedLoginsOfSite' | 'failedLoginsOfAccount', Rate>>

function strangersLimits(rates: StrangersRates, { client, site, account }: Keys): readonly Limit[] {
  return [
    { kind: 'address', rate: rates.failedLoginsOfClient, value: client },
    { kind: 'network', rate: rates.failedLoginsOfSite, value: site },
    { kind: 'account', rate: rates.failedLoginsOfAccount, value: account },
  ]
}

function pairOf(account: string, client: string): string {
  return `${account} ${client}`
}

function flightOf({ kind, value }: Pick<Limit, 'kind' | 'value'>): string {
  return `${kind} ${value}`
}

/** What a full limit means: a ban, unless attempts that are not judged yet fill it. */
function refusalOf(
  { kind, rate, value }: Limit,
  {
    flights,
    account,
    client,
  }: { readonly flights: AttemptsInFlight; readonly account: string; readonly client: string },
): Attempt {
  const flight = flightOf({ kind, value })
  const failures = rate.used(value) - flights.of(flight)
  if (flights.of(flight) > 0 && failures + 1 <= rate.capacity)
    return { kind: 'crowded', cause: `too many logins at once for ${flight}`, nextEnd: flights.nextEnd(flight) }
  rate.refuse()
  if (kind === 'pair') return banned(`${userText(account)} failed too often from ${client}`)
  const reached = { kind, value, failures: Math.round(failures) }
  return { ...banned(causeOf(reached)), reached }
}

function endAttempt(
  how: AttemptEnd,
  { takeBack, succeeded }: { readonly takeBack: () => void; readonly succeeded: () => void },
): void {
  // The failures of the client stay: otherwise an attacker with one valid account could guess those of others without limit.
  if (how !== 'failed') takeBack()
  if (how === 'succeeded') succeeded()
}

function keptCounts(rates: Readonly<Record<string, Rate>>): Pick<Guard, 'counts' | 'restore'> {
  return {
    counts: () =>
      Object.entries(rates).flatMap(([rate, counts]) =>
        counts.filled(KEPT_PART, MOST_KEPT).map(([key, value]) => ({ rate, key, value })),
      ),
    restore: ({ rate, key, value }, ageMs) => {
      // A file of another version may name budgets that this one does not have.
      if (Object.hasOwn(rates, rate)) rates[rate]?.restore(key, value, ageMs)
    },
  }
}

function causeOf({ kind, value }: ReachedLimit): string {
  return kind === 'account' ? `too many failures of ${userText(value)}` : `too many failures from ${value}`
}

function keysOf(ip: string, user: string): Keys {
  const plain = plainAddress(ip)
  return { client: clientNetwork(plain), site: siteNetwork(plain), account: user.toLowerCase() }
}

function banned(cause: string): Attempt & { readonly kind: 'banned' } {
  return { kind: 'banned', cause }
}
