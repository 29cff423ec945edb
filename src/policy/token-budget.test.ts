// Senders that need a token of the srs node: each site and each sender domain has its share.

import { describe, expect, test } from 'vitest'
import { recipientFacts, sampleSession } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { budgetTable } from '../budget/budget-table.ts'
import { createBudgets } from '../budget/budgets.ts'
import type { Origin } from '../smtp/origin.ts'
import { createDestinationBudget } from './destination-budget.ts'
import { createTokenBudget } from './token-budget.ts'

const { srsTokenSites, srsTokenDomains } = budgetTable

function budget() {
  const clock = createFakeClock()
  const tokens = createTokenBudget(createBudgets(clock))
  const take = (remoteIp: string, sender: string, origin: Origin = { kind: 'internet' }) =>
    tokens.take(recipientFacts({ session: sampleSession({ remoteIp }), origin }), sender)
  return { clock, take }
}

describe('a site', () => {
  test('gets so many tokens, whichever of its addresses and domains it uses, and more with time', async () => {
    const { take, clock } = budget()
    for (let n = 0; n < srsTokenSites.capacity; n++) expect(take(`192.0.2.${n % 250}`, `x@d${n}.example`)).toBeNull()
    expect(take('192.0.2.7', 'x@other.example')).toMatchObject({ code: 450, enhanced: '4.7.1' })
    expect(take('192.0.3.7', 'x@other.example')).toBeNull()
    await clock.advance(srsTokenSites.halfLifeMs)
    expect(take('192.0.2.7', 'x@other.example')).toBeNull()
  })

  test('is not asked where the previous node has counted', () => {
    const { take } = budget()
    const peer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }
    for (let n = 0; n < 2 * srsTokenSites.capacity; n++) expect(take('192.0.2.1', 'x@d.example', peer)).toBeNull()
  })
})

describe('a sender domain', () => {
  const afterMany = () => {
    const { take } = budget()
    for (let n = 0; n < srsTokenDomains.capacity; n++)
      expect(take(`100.64.${n % 250}.1`, `x${n}@bulk.example`)).toBeNull()
    for (let n = 0; n < 100; n++) expect(take('192.0.2.1', `x${n}@small.example`)).toBeNull()
    return take
  }

  test('gets so many tokens from all sites together', () => {
    const take = afterMany()
    expect(take('192.0.2.1', 'x@bulk.example')).toMatchObject({ code: 450 })
    expect(take('192.0.2.1', 'x@small.example')).toBeNull()
  })

  test('does not count for its site where it is refused: the site has other senders too', () => {
    const take = afterMany()
    for (let n = 0; n < 2 * srsTokenSites.capacity; n++)
      expect(take('192.0.2.1', 'x@bulk.example')).toMatchObject({ code: 450 })
    expect(take('192.0.2.1', 'x@small.example')).toBeNull()
  })

  test('that strangers write is still accepted from its own hosts', () => {
    const { take } = budget()
    for (const stranger of ['100.64.1.1', '100.64.2.1', '100.64.3.1'])
      for (let n = 0; n < srsTokenSites.capacity; n++) take(stranger, `x${n}@lists.example`)
    for (let n = 0; n < 50; n++) expect(take('192.0.2.1', `bounce-${n}@lists.example`)).toBeNull()
  })
})

test('a message counts once, however many of its recipients forward it', () => {
  const budgets = createBudgets(createFakeClock())
  const destinations = createDestinationBudget(budgets)
  const transaction = { recipients: [] }
  for (let n = 0; n < 2 * srsTokenSites.capacity; n++) {
    const account = destinations.open(recipientFacts({ transaction }))
    if (account.kind === 'refused') throw new Error(account.reply.cause)
    expect(account.addToken('x@d.example')).toBeNull()
    account.close(true)
  }
})
