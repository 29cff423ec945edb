import { expect, test } from 'vitest'
import { recipientFacts, runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import { srsHashThrottle } from './srs-hash-throttle.ts'

const ADDRESS = 'SRS0=aaaa=BB=stranger.example=ann@srs.example.org'
const wrong = refusal(550, '5.1.1', 'No such address here', 'SRS: wrong hash')
const expired = refusal(550, '5.1.1', 'No such address here', 'SRS: expired')
const unknown = refusal(550, '5.1.1', 'No such address here', 'no such address: eve@example.org')

function throttled(origin: Origin = { kind: 'internet' }) {
  const clock = createFakeClock()
  const check = srsHashThrottle(createBudgets(clock).rate('srsGuesses'))
  const facts = (forwardPath: string, remoteIp: string) =>
    recipientFacts({ session: sampleSession({ remoteIp }), origin, forwardPath })
  return {
    clock,
    verdict: async (forwardPath = ADDRESS, remoteIp = '198.51.100.7') =>
      (await runCheck(check, 'rcpt', facts(forwardPath, remoteIp))).verdict,
    refused: (reply = wrong) => check.refused?.rcpt?.(facts(ADDRESS, '198.51.100.7'), reply),
  }
}

test('a network that guesses has to wait, others do not, and the count decays', async () => {
  const { clock, verdict, refused } = throttled()
  for (let i = 0; i < 20; i++) {
    expect((await verdict()).kind).toBe('accept')
    refused()
  }
  expect(await verdict()).toMatchObject({ kind: 'defer', reply: { code: 450, enhanced: '4.7.1' } })
  expect((await verdict(ADDRESS, '192.0.2.7')).kind).toBe('accept')
  await clock.advance(60 * 60 * 1000)
  expect((await verdict()).kind).toBe('accept')
})

test('other refusals do not count', async () => {
  const { verdict, refused } = throttled()
  for (let i = 0; i < 100; i++) for (const reply of [unknown, expired]) refused(reply)
  expect((await verdict()).kind).toBe('accept')
})

test('only SRS addresses of the network wait: a provider has other mail for us', async () => {
  const { verdict, refused } = throttled()
  for (let i = 0; i < 100; i++) refused()
  for (const address of ['press@example.org', 'srs@example.org']) expect((await verdict(address)).kind).toBe('accept')
  for (const address of ['srs1+x@srs.example.org', '"SRS0=a b"@srs.example.org'])
    expect(await verdict(address)).toMatchObject({ kind: 'defer' })
})

test.each<Origin>([
  { kind: 'peer', role: 'submission', vouched: 'nothing' },
  { kind: 'user', identity: 'lee' },
  { kind: 'machine', identity: 'web-01' },
])('$kind never waits: one bad sender behind it must not stop the others', async (origin) => {
  const { verdict, refused } = throttled(origin)
  for (let i = 0; i < 100; i++) refused()
  expect((await verdict()).kind).toBe('accept')
})
