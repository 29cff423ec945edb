// The brake against guessing passwords: failures are counted per client network, per account, and per account from one network.
// Who has logged in from a network before is judged there by that pair alone: others' guesses do not lock him out.
// In memory and per node; it decides before any password is checked.

import type { Clock } from '../lib/clock.ts'
import { clientNetwork, plainAddress } from '../lib/ip-address.ts'
import { createDecayCounters } from '../lib/decay.ts'
import { userText } from '../smtp/origin.ts'

export type Leave = { readonly kind: 'free' } | { readonly kind: 'banned'; readonly cause: string }

export interface Guard {
  /** May this client try a password of this user now? */
  mayTry(ip: string, user: string): Leave
  failed(ip: string, user: string): void
  succeeded(ip: string, user: string): void
}

export interface GuardSettings {
  readonly clock: Clock
  /** Failures after which a network waits. */
  readonly perNetwork?: number
  /** Failures after which an account waits, except from networks it is known from. */
  readonly perAccount?: number
  /** Failures after which an account waits in a network it is known from. */
  readonly perPair?: number
  /** The time in which a count halves. */
  readonly halfLifeMs?: number
}

/** A person mistypes a handful of times, a mail program with an old password some more. */
const PER_NETWORK = 20
const PER_ACCOUNT = 30
const PER_PAIR = 20
const HALF_LIFE_MS = 10 * 60 * 1000
/** A network is known for this long after the last login from it. */
const KNOWN_MS = 30 * 24 * 60 * 60 * 1000
/** Keys kept of each kind: some tens of megabytes under a distributed attack. */
const MOST_KEYS = 100_000

const free: Leave = { kind: 'free' }

export function createGuard(settings: GuardSettings): Guard {
  const { clock } = settings
  const counters = () =>
    createDecayCounters({ clock, halfLifeMs: settings.halfLifeMs ?? HALF_LIFE_MS, maxKeys: MOST_KEYS })
  const [networks, accounts, pairs] = [counters(), counters(), counters()]
  const known = createKnown(clock)
  const limits = {
    network: settings.perNetwork ?? PER_NETWORK,
    account: settings.perAccount ?? PER_ACCOUNT,
    pair: settings.perPair ?? PER_PAIR,
  }
  return {
    mayTry: (ip, user) => {
      const { network, account, pair } = keysOf(ip, user)
      if (known.has(pair))
        return pairs.get(pair) < limits.pair ? free : banned(`${userText(account)} failed too often from ${network}`)
      if (networks.get(network) >= limits.network) return banned(`too many failures from ${network}`)
      return accounts.get(account) < limits.account ? free : banned(`too many failures of ${userText(account)}`)
    },
    failed: (ip, user) => {
      const { network, account, pair } = keysOf(ip, user)
      networks.add(network)
      accounts.add(account)
      pairs.add(pair)
    },
    // The network keeps its count: else a guesser with one account of his own could guess at others for ever.
    succeeded: (ip, user) => {
      const { pair } = keysOf(ip, user)
      pairs.clear(pair)
      known.add(pair)
    },
  }
}

interface Known {
  has(pair: string): boolean
  add(pair: string): void
}

/** Pairs by the time of their last login; the longest unused are dropped first. */
function createKnown(clock: Clock): Known {
  const pairs = new Map<string, number>()
  return {
    has: (pair) => clock.monotonic() - (pairs.get(pair) ?? Number.NEGATIVE_INFINITY) < KNOWN_MS,
    add: (pair) => {
      pairs.delete(pair)
      pairs.set(pair, clock.monotonic())
      const [oldest] = pairs.keys()
      if (pairs.size > MOST_KEYS && oldest !== undefined) pairs.delete(oldest)
    },
  }
}

function keysOf(
  ip: string,
  user: string,
): { readonly network: string; readonly account: string; readonly pair: string } {
  const network = clientNetwork(plainAddress(ip))
  const account = user.toLowerCase()
  return { network, account, pair: `${account} ${network}` }
}

function banned(cause: string): Leave {
  return { kind: 'banned', cause }
}
