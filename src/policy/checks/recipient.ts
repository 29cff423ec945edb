// Resolves a recipient and refuses what routing refuses, and what this role must not send to the internet.

import type { Resolution, Router } from '../../route/resolution.ts'
import { parseNextHop } from '../../smtp/nexthop.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, Finding, RecipientFacts } from '../check.ts'
import type { DestinationBudget } from '../destination-budget.ts'
import { mixedWithSrs } from './srs-bounces.ts'
import { accept, refuse } from '../verdict.ts'
import type { Refused } from '../verdict.ts'

export interface RecipientSettings {
  readonly router: Pick<Router, 'resolve'>
  /** The role's `internet`. */
  readonly internet: 'always' | 'bounces' | 'never'
  /** Whether mail to a next hop passes verified TLS only. Absent for `waypost explain`. */
  readonly keepsTls?: (nextHop: string) => boolean
  /** Null for `waypost explain`, which resolves one recipient. */
  readonly destinations: DestinationBudget | null
}

export function recipientCheck(settings: RecipientSettings): Check {
  const { destinations } = settings
  return {
    name: 'recipient',
    rcpt: async (facts) => {
      const account = destinations?.open(facts)
      if (account?.kind === 'refused') return { verdict: refuse(account.reply) }
      let accepted = false
      try {
        const { forwardPath, sender: reversePath, origin, at } = facts
        const request = { forwardPath, reversePath, origin, at, ...(account ? { meter: account } : {}) }
        const finding = findingOf(settings, facts, await settings.router.resolve(request))
        accepted = finding.verdict.kind === 'accept'
        return finding
      } finally {
        account?.close(accepted)
      }
    },
    ended: (transaction) => destinations?.ended(transaction),
  }
}

function findingOf({ internet, keepsTls }: RecipientSettings, facts: RecipientFacts, resolution: Resolution): Finding {
  switch (resolution.kind) {
    case 'refused':
    case 'unavailable':
      return { verdict: refuse(resolution.reply) }
    case 'discard':
      return { verdict: accept, resolution }
    case 'destinations': {
      const verdict =
        mixedWithSrs(facts, resolution) ??
        misrouted(internet, facts, resolution) ??
        withoutTls(keepsTls, facts, resolution) ??
        accept
      return { verdict, resolution }
    }
  }
}

/** Refused here, the sender knows at once; a report would be as exposed as the message. */
function withoutTls(
  keepsTls: RecipientSettings['keepsTls'],
  { requireTls, forwardPath }: RecipientFacts,
  { destinations }: Resolution & { kind: 'destinations' },
): Refused | null {
  if (!requireTls || !keepsTls) return null
  const stray = destinations.find(({ nextHop }) => !keepsTls(nextHop))
  if (!stray) return null
  const cause = `${forwardPath} resolves to next hop ${stray.nextHop}, where TLS is not always verified`
  return refuse(refusal(550, '5.7.30', 'REQUIRETLS cannot be kept on the way to this address', cause))
}

/** A destination on the internet that the role excludes is a mistake of the operator, not of the sender: 451 keeps the message until it is repaired. */
function misrouted(
  internet: RecipientSettings['internet'],
  { sender, forwardPath }: RecipientFacts,
  { destinations, reversed }: Resolution & { kind: 'destinations' },
): Refused | null {
  // Only bounces pass to an SRS address, whatever RCPT answers.
  if (internet === 'always' || (internet === 'bounces' && (sender === null || reversed))) return null
  const stray = destinations.find((one) => parseNextHop(one.nextHop)?.kind === 'mx')
  if (!stray) return null
  const cause = `${forwardPath} resolves to ${stray.recipient} by ${stray.nextHop}, but this role sends nothing to the internet`
  return refuse(refusal(451, '4.3.5', 'Routing of this address is misconfigured here', cause))
}
