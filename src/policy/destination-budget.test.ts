// What recipients that expand to many destinations cost, and when it is given back.

import { describe, expect, test } from 'vitest'
import { recipientFacts, runCheck, sampleSession } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { budgetTable } from '../budget/budget-table.ts'
import { createBudgets } from '../budget/budgets.ts'
import { EXPANSION_LIMIT } from '../directory/directory.ts'
import type { ResolveRequest, Resolution } from '../route/resolution.ts'
import type { Origin } from '../smtp/origin.ts'
import type { TransactionFacts } from './check.ts'
import { recipientCheck } from './checks/recipient.ts'
import { createDestinationBudget } from './destination-budget.ts'

const { transaction: MOST } = budgetTable.destinations

/** A router whose address `group-N@…` has N members; those of `gone-N@…` lead nowhere. */
const router = {
  resolve: async ({ forwardPath, meter }: ResolveRequest): Promise<Resolution> => {
    const members = Number(/\d+/.exec(forwardPath)?.[0] ?? 1)
    for (let n = 0; n < members; n++) {
      meter?.step()
      if (forwardPath.startsWith('gone')) continue
      const reply = meter?.add() ?? null
      if (reply) return { kind: 'unavailable', reply, via: [] }
    }
    return { kind: 'destinations', destinations: [] }
  },
}

function node() {
  const clock = createFakeClock()
  const budgets = createBudgets(clock)
  const check = recipientCheck({ router, internet: 'always', destinations: createDestinationBudget(budgets) })
  let last = 0
  return {
    clock,
    used: () => budgets.usage().find(({ name }) => name === 'destinations')?.used,
    end: (transaction: TransactionFacts) => check.ended?.(transaction, { session: sampleSession(), octets: 0 }),
    client: (remoteIp = '198.51.100.7', origin: Origin = { kind: 'internet' }) => {
      const session = sampleSession({ id: `s${++last}`, remoteIp })
      const open = (): TransactionFacts => ({ recipients: [] })
      const rcpt = async (transaction: TransactionFacts, forwardPath: string) => {
        const { verdict } = await runCheck(check, 'rcpt', recipientFacts({ session, origin, transaction, forwardPath }))
        return verdict.kind === 'accept' ? 'accept' : `${verdict.reply.code} ${verdict.reply.enhanced}`
      }
      return { open, rcpt }
    },
  }
}

describe('a transaction', () => {
  test('takes the largest alias as first recipient', async () => {
    expect(MOST).toBeGreaterThanOrEqual(EXPANSION_LIMIT)
    const { client } = node()
    const { open, rcpt } = client()
    expect(await rcpt(open(), `group-${EXPANSION_LIMIT}`)).toBe('accept')
  })

  test('gets 452 for the rest, without work, and the next transaction takes them', async () => {
    const { client, used, end } = node()
    const { open, rcpt } = client()
    const first = open()
    expect(await rcpt(first, 'group-1500')).toBe('accept')
    expect(await rcpt(first, 'group-600')).toBe('452 4.5.3')
    expect(await rcpt(first, 'group-1')).toBe('452 4.5.3')
    expect(used()).toBe(1500)
    end(first)
    expect(used()).toBe(0)
    expect(await rcpt(open(), 'group-600')).toBe('accept')
  })

  test('that ends while a recipient is resolved leaves nothing behind', async () => {
    const { client, used, end } = node()
    const { open, rcpt } = client()
    const transaction = open()
    const pending = rcpt(transaction, 'group-100')
    end(transaction)
    await pending
    expect(used()).toBe(0)
    expect(await rcpt({ ...transaction, isOver: true }, 'group-100')).toBe('451 4.3.0')
    expect(used()).toBe(0)
  })
})

describe('clients', () => {
  test('have shares of all destinations, peers have none', async () => {
    const { client } = node()
    const answers = []
    for (let n = 0; n < 11; n++) {
      const { open, rcpt } = client()
      answers.push(await rcpt(open(), 'group-1000'))
    }
    expect(answers.filter((one) => one === 'accept')).toHaveLength(10)
    expect(answers.at(-1)).toBe('451 4.3.2')
    const other = client('192.0.2.1')
    expect(await other.rcpt(other.open(), 'group-1000')).toBe('accept')
    const peer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }
    for (let n = 0; n < 30; n++) {
      const { open, rcpt } = client('198.51.100.7', peer)
      expect(await rcpt(open(), 'group-1000')).toBe('accept')
    }
  })

  test('pay for the work also if they give the destinations back, and recover with time', async () => {
    const { client, clock, end } = node()
    const { open, rcpt } = client()
    const ask = async () => {
      const transaction = open()
      const answer = await rcpt(transaction, 'group-1000')
      end(transaction)
      return answer
    }
    for (let n = 0; n < 50; n++) expect(await ask()).toBe('accept')
    expect(await ask()).toBe('450 4.7.1')
    const other = client('192.0.2.1')
    expect(await other.rcpt(other.open(), 'group-1')).toBe('accept')
    await clock.advance(60_000)
    expect(await ask()).toBe('accept')
  })

  test('waits also if its recipients lead nowhere', async () => {
    const { client, end } = node()
    const { open, rcpt } = client()
    const answers = new Set<string>()
    for (let n = 0; n < 300; n++) {
      const transaction = open()
      answers.add(await rcpt(transaction, 'gone-1000'))
      end(transaction)
    }
    expect([...answers]).toEqual(['accept', '450 4.7.1'])
  })
})
