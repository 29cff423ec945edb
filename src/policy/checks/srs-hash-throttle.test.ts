import { expect, test } from 'vitest'
import { recipientFacts, runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import { createBounceHosts, srsHashThrottle } from './srs-hash-throttle.ts'

const ADDRESS = 'SRS0=aaaa=BB=stranger.example=ann@srs.example.org'
const wrong = refusal(550, '5.1.1', 'No such address here', 'SRS: wrong hash')
const expired = refusal(550, '5.1.1', 'No such address here', 'SRS: expired')
const unknown = refusal(550, '5.1.1', 'No such address here', 'no such address: eve@example.org')

function throttled(origin: Origin = { kind: 'internet' }) {
  const clock = createFakeClock()
  const budgets = createBudgets(clock)
  const hosts = createBounceHosts(clock)
  const check = srsHashThrottle({ wrong: budgets.rate('srsGuesses'), all: budgets.rate('allSrsGuesses'), hosts })
  const facts = (forwardPath: string, remoteIp: string) =>
    recipientFacts({ session: sampleSession({ remoteIp }), origin, forwardPath })
  return {
    clock,
    hosts,
    /** The answer to a host with this name, which says `helo`. */
    named: async (remoteIp: string, remoteName: string | null, helo: string) => {
      const session = sampleSession({ remoteIp, remoteName, helo })
      const { verdict } = await runCheck(check, 'rcpt', recipientFacts({ session, origin, forwardPath: ADDRESS }))
      return verdict.kind
    },
    guess: (remoteIp: string) => check.refused?.rcpt?.(facts(ADDRESS, remoteIp), wrong),
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

test('many networks that guess turn the brake on: then only hosts that are known or named are judged', async () => {
  const { clock, hosts, guess, named, verdict } = throttled()
  hosts.delivered('203.0.113.25')
  for (let n = 0; n < 200; n++) guess(`100.64.${n}.1`)
  expect(await verdict()).toMatchObject({ kind: 'defer', reply: { code: 450 } })
  expect(await named('198.51.100.7', null, 'mail.a.example')).toBe('defer')
  expect(await named('198.51.100.7', 'mail.a.example', 'localhost')).toBe('defer')
  expect(await named('198.51.100.7', 'mail.a.example', 'Mail.a.example')).toBe('accept')
  expect(await named('203.0.113.25', null, 'x')).toBe('accept')
  // A name does not help the neighbour of one that guesses, and a known host has three guesses.
  expect(await named('100.64.7.9', 'mail.b.example', 'mail.b.example')).toBe('defer')
  for (let n = 0; n < 3; n++) guess('203.0.113.25')
  expect(await named('203.0.113.25', null, 'x')).toBe('defer')
  await clock.advance(10 * 60_000)
  expect((await verdict()).kind).toBe('accept')
})

test('other recipients pass while the brake is on', async () => {
  const { guess, verdict } = throttled()
  for (let n = 0; n < 300; n++) guess(`100.64.${n % 250}.${n}`)
  expect((await verdict('press@example.org')).kind).toBe('accept')
})

test('a host is known for some weeks after its bounce', async () => {
  const clock = createFakeClock()
  const hosts = createBounceHosts(clock)
  hosts.delivered('2001:db8::25')
  await clock.advance(20 * 86_400_000)
  expect([hosts.isKnown('2001:db8::26'), hosts.isKnown('2001:db8:0:1::25')]).toEqual([true, false])
  await clock.advance(10 * 86_400_000)
  expect(hosts.isKnown('2001:db8::25')).toBe(false)
})
