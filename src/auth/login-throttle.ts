// Limits password guessing. Failed logins are counted per client network, per account, and per pair of both. For a network from which the
// account has logged in before, only the pair counts, so that guesses from elsewhere do not lock the user out. The counts are in memory of
// one node and are checked before any password.

import type { Clock } from '../lib/clock.ts'
import { clientNetwork, plainAddress } from '../lib/ip-address.ts'
import { createDecayCounters } from '../lib/decay.ts'
import { userText } from '../smtp/origin.ts'

export type Leave = { readonly kind: 'free' } | { readonly kind: 'banned'; readonly cause: string }

export interface Guard {
  /** Whether this client may try a password for this user now. */
  mayTry(ip: string, user: string): Leave
  failed(ip: string, user: string): void
  succeeded(ip: string, user: string): void
}

export interface GuardSettings {
  readonly clock: Clock
  /** Failures after which a network is refused. */
  readonly perNetwork?: number
  /** Failures after which an account is refused, except from its known networks. */
  readonly perAccount?: number
  /** Failures after which an account is refused from a known network. */
  readonly perPair?: number
  /** The time in which a count halves. */
  readonly halfLifeMs?: number
}

/** A user mistypes a few times; a mail program with an old password fails more often. */
const PER_NETWORK = 20
const PER_ACCOUNT = 30
const PER_PAIR = 20
const HALF_LIFE_MS = 10 * 60 * 1000
/** Time for which a network stays known after the last login from it. */
const KNOWN_MS = 30 * 24 * 60 * 60 * 1000
/** Keys of each kind: some tens of megabytes under a distributed attack. */
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
    // The count of the network stays: otherwise an attacker with one valid account could guess the passwords of others without limit.
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

/** Pairs by the monotonic time of their last login; the least recently used are dropped first. */
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
