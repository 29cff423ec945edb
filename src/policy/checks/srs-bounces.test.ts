// What SRS addresses take: bounces only, and only so many for one address and one sender.

import { describe, expect, test } from 'vitest'
import { mailFacts, recipientFacts, runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { budgetTable } from '../../budget/budget-table.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Resolution } from '../../route/resolution.ts'
import type { Origin } from '../../smtp/origin.ts'
import { mixedWithSrs, srsBounces } from './srs-bounces.ts'
import { createBounceHosts } from './srs-hash-throttle.ts'

const { srsBounces: ofAddress, srsTargets: ofTarget } = budgetTable
const plain: Resolution = { kind: 'destinations', destinations: [] }
const srs = (day = 'aa', target = 'ann@far.example'): Resolution => ({
  kind: 'destinations',
  destinations: [],
  reversed: { address: `srs0==${day}=${target}`, target },
})

function node() {
  const clock = createFakeClock()
  const budgets = createBudgets(clock)
  const hosts = createBounceHosts(clock)
  const check = srsBounces({ addresses: budgets.rate('srsBounces'), targets: budgets.rate('srsTargets'), hosts })
  const send = async (resolutions: readonly Resolution[], sender: string | null = null, origin?: Origin) => {
    const session = sampleSession()
    const mail = mailFacts('Subject: x', { session, sender, resolutions, origin: origin ?? { kind: 'internet' } })
    const { verdict } = await runCheck(check, 'message', mail)
    return verdict.kind === 'accept' ? 'accept' : `${verdict.reply.code} ${verdict.reply.enhanced}`
  }
  return { clock, hosts, send }
}

describe('a message to an SRS address', () => {
  test('with a sender is refused, the same message to others is not', async () => {
    const { send, hosts } = node()
    expect(await send([srs()], 'eve@stranger.example')).toBe('550 5.7.1')
    expect(await send([plain], 'eve@stranger.example')).toBe('accept')
    expect(hosts.isKnown('198.51.100.7')).toBe(false)
  })

  test('makes its host known', async () => {
    const { send, hosts } = node()
    expect(await send([srs()])).toBe('accept')
    expect(hosts.isKnown('198.51.100.7')).toBe(true)
  })

  test('is one of a limited number, for each address and for all of a sender, and time brings more', async () => {
    const { send, clock } = node()
    const sendMany = async (count: number, day: string) => {
      const answers = []
      for (let n = 0; n < count; n++) answers.push(await send([srs(day)]))
      return answers.filter((one) => one === 'accept').length
    }
    expect(await sendMany(300, 'aa')).toBe(ofAddress.capacity)
    expect(await send([srs('aa')])).toBe('450 4.7.1')
    expect(await sendMany(300, 'ab')).toBe(ofTarget.capacity - ofAddress.capacity)
    expect(await sendMany(300, 'ac')).toBe(0)
    expect(await send([srs('aa', 'bob@far.example')])).toBe('accept')
    await clock.advance(ofAddress.halfLifeMs)
    expect(await send([srs('aa')])).toBe('accept')
  })

  test('does not count for its address while the sender has no more', async () => {
    const { send, clock } = node()
    for (const day of ['aa', 'ab']) for (let n = 0; n < ofAddress.capacity; n++) await send([srs(day)])
    for (let n = 0; n < 300; n++) expect(await send([srs('ac')])).toBe('450 4.7.1')
    await clock.advance(ofTarget.halfLifeMs)
    for (let n = 0; n < ofAddress.capacity; n++) expect(await send([srs('ac')])).toBe('accept')
  })

  test('from a peer is not limited: it relays the bounces of many', async () => {
    const { send } = node()
    const peer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }
    for (let n = 0; n < 300; n++) expect(await send([srs()], null, peer)).toBe('accept')
  })
})

describe('an SRS address and a sender, at RCPT', () => {
  const recipients = (...resolutions: Resolution[]) =>
    resolutions.map((resolution) => ({ forwardPath: 'x@example.org', resolution }))
  const rcpt = (sender: string | null, earlier: readonly Resolution[], resolution: Resolution) => {
    const refused = mixedWithSrs(
      recipientFacts({ sender, transaction: { recipients: recipients(...earlier) } }),
      resolution,
    )
    return refused && `${refused.reply.code} ${refused.reply.enhanced}`
  }

  test('alone is accepted, as a verifier of senders asks', () => {
    expect(rcpt('probe@far.example', [], srs())).toBeNull()
  })

  test('is refused beside others, and others beside it wait: the refusal after the data is only for it', () => {
    expect(rcpt('eve@far.example', [plain], srs())).toBe('550 5.7.1')
    expect(rcpt('eve@far.example', [srs()], plain)).toBe('452 4.5.3')
    expect(rcpt('eve@far.example', [plain], plain)).toBeNull()
  })

  test('mixes freely for the null sender', () => {
    expect(rcpt(null, [plain], srs())).toBeNull()
    expect(rcpt(null, [srs()], plain)).toBeNull()
  })
})
