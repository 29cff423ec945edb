// Limits password guessing. Failed logins are counted per client, per site, per account, and per pair of client and account. An attempt
// counts when it begins, so that guesses in parallel are no more than guesses in turn; what did not fail is given back. For a client from
// which the account has logged in before, only the pair counts: guesses from elsewhere do not lock the user out.

import type { Budgets } from '../budget/budgets.ts'
import type { Rate } from '../budget/rate.ts'
import { clientNetwork, plainAddress, siteNetwork } from '../lib/ip-address.ts'
import { userText } from '../smtp/origin.ts'
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
  | { readonly kind: 'banned'; readonly cause: string }

export interface Guard {
  /** Whether this client may try a password for this user now. The attempt counts as failed until its end. */
  begin(ip: string, user: string): Attempt
}

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
  const strangersLimit = ({ client, site, account }: Keys): string | null => {
    if (clients.isOver(client)) return `too many failures from ${client}`
    if (sites.isOver(site)) return `too many failures from ${site}`
    return accounts.isOver(account) ? `too many failures of ${userText(account)}` : null
  }
  /** Counts the attempt; the result takes it back. */
  const count = ({ client, site, account }: Keys): (() => void) => {
    const counted: [rate: Rate, key: string][] = [
      [pairs, `${account} ${client}`],
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
      if (isKnown && pairs.isOver(`${account} ${client}`))
        return banned(`${userText(account)} failed too often from ${client}`)
      const limit = isKnown ? null : strangersLimit(keys)
      if (limit !== null) return banned(limit)
      const takeBack = count(keys)
      return {
        kind: 'free',
        isKnown,
        end: (how) => {
          // The failures of the client stay: otherwise an attacker with one valid account could guess those of others without limit.
          if (how !== 'failed') takeBack()
          if (how !== 'succeeded') return
          pairs.clear(`${account} ${client}`)
          known.add(account, client)
        },
      }
    },
  }
}

function keysOf(ip: string, user: string): Keys {
  const plain = plainAddress(ip)
  return { client: clientNetwork(plain), site: siteNetwork(plain), account: user.toLowerCase() }
}

function banned(cause: string): Attempt {
  return { kind: 'banned', cause }
}
