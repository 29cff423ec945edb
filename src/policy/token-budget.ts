// Budgets of senders that are too long for SRS: the srs node stores a token for each, and a stranger can invent as many as there are messages.
// The node that talks to the stranger limits them, because only it knows the address of the client.

import type { Budgets } from '../budget/budgets.ts'
import { siteNetwork } from '../lib/ip-address.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { RecipientFacts } from './check.ts'

/** Tokens of a site that still gets some when the limit of a domain is reached. At most 70 an hour come back. */
const QUIET_SITE = 100

export interface TokenBudget {
  /** Counts a sender. Null, or the temporary refusal. */
  take(facts: Pick<RecipientFacts, 'session' | 'origin'>, sender: string): Refusal | null
}

/** @param budgets opens `srsTokenSites` and `srsTokenDomains` */
export function createTokenBudget(budgets: Pick<Budgets, 'rate'>): TokenBudget {
  const sites = budgets.rate('srsTokenSites')
  const domains = budgets.rate('srsTokenDomains')
  return {
    take: ({ session, origin }, sender) => {
      // Peers have counted it; authenticated clients send as themselves.
      if (origin.kind !== 'internet') return null
      const site = siteNetwork(session.remoteIp)
      const domain = domainOf(sender)
      if (!sites.take(site)) return tooMany(site)
      // Any stranger can write the domain of another, so its limit is for sites that send much.
      if (domains.take(domain) || sites.used(site) <= QUIET_SITE) return null
      // The retries of one domain must not use up what the other domains of its site need.
      sites.giveBack(site)
      return tooMany(domain)
    },
  }
}

function tooMany(of: string): Refusal {
  const cause = `too many senders of ${of} that are too long for SRS`
  return refusal(450, '4.7.1', 'Too many long sender addresses, please try again later', cause)
}
