import { expect, it } from 'vitest'
import { mailFacts, recipientFacts, runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Resolution } from '../../route/resolution.ts'
import type { Origin } from '../../smtp/origin.ts'
import { type Refusal, refusal } from '../../smtp/reply.ts'
import { harvestThrottle } from './harvest-throttle.ts'

const unknown = refusal(550, '5.1.1', 'No such address here', 'no such address')
const HOUR = 3_600_000

function throttled() {
  const clock = createFakeClock()
  const budgets = createBudgets(clock)
  const check = harvestThrottle({ unknown: budgets.rate('unknownRecipients'), known: budgets.rate('knownRecipients') })
  const client = (remoteIp = '198.51.100.7', origin: Origin = { kind: 'internet' }) => {
    const session = sampleSession({ remoteIp, origin })
    const facts = (accepted = 0, forwardPath = 'kim@example.org') => {
      const one = { forwardPath: 'kim@example.org', resolution: {} as Resolution }
      return recipientFacts({
        session,
        origin,
        forwardPath,
        transaction: { recipients: Array.from({ length: accepted }, () => one) },
      })
    }
    return {
      /** Names so many unknown recipients. */
      guess: (number: number) => {
        for (let i = 0; i < number; i++) check.refused?.rcpt?.(facts(), unknown)
      },
      otherRefusals: (reply: Refusal, number: number) => {
        for (let i = 0; i < number; i++) check.refused?.rcpt?.(facts(), reply)
      },
      /** Sends a message to so many recipients that is accepted. */
      deliver: async (number: number) => {
        const recipients = Array.from({ length: number }, () => 'kim@example.org')
        await runCheck(check, 'message', mailFacts('From: <a@b.example>', { session, origin, recipients }))
      },
      told: async (accepted?: number, forwardPath?: string) => {
        const { verdict } = await runCheck(check, 'rcpt', facts(accepted, forwardPath))
        return verdict.kind === 'accept' ? 'accept' : `${verdict.reply.code} ${verdict.reply.enhanced}`
      },
    }
  }
  return { clock, client, used: () => budgets.usage().find(({ name }) => name === 'unknownRecipients')?.refused }
}

it('gives a client that looks for addresses the same temporary answer for every recipient', async () => {
  const { clock, client, used } = throttled()
  const { guess, told } = client()
  guess(19)
  expect([await told(), used()?.size]).toEqual(['accept', 0])
  guess(1)
  expect([await told(), await client('192.0.2.1').told()]).toEqual(['450 4.7.1', 'accept'])
  expect(used()).toEqual(new Map([['rate', 1]]))
  await clock.advance(HOUR)
  expect(await told()).toBe('accept')
})

it('does not stop a list server with stale addresses', async () => {
  const { client } = throttled()
  const { guess, deliver, told } = client()
  for (let message = 0; message < 50; message++) {
    await deliver(3)
    guess(2)
    expect(await told()).toBe('accept')
  }
})

it('counts the recipients of the open transaction as known', async () => {
  const { guess, told } = throttled().client()
  guess(30)
  expect([await told(29), await told(30)]).toEqual(['450 4.7.1', 'accept'])
})

it('stops a client at ten times the number, whatever it delivers', async () => {
  const { guess, deliver, told } = throttled().client()
  await deliver(10_000)
  guess(199)
  expect(await told()).toBe('accept')
  guess(1)
  expect(await told()).toBe('450 4.7.1')
})

it('remembers delivered mail for longer than guesses', async () => {
  const { clock, client } = throttled()
  const { guess, deliver, told } = client()
  await deliver(40)
  await clock.advance(12 * HOUR)
  guess(25)
  expect(await told()).toBe('accept')
})

it('stops a site whose clients guess a few times each', async () => {
  const { client } = throttled()
  for (let host = 1; host <= 4; host++) client(`198.51.100.${host}`).guess(15)
  expect([await client('198.51.100.9').told(), await client('198.51.101.9').told()]).toEqual(['450 4.7.1', 'accept'])
})

it('gives new clients less while many clients guess', async () => {
  const { client } = throttled()
  const good = client('192.0.2.1')
  await good.deliver(1)
  for (let site = 0; site < 40; site++) client(`203.0.${site}.1`).guess(10)
  const fresh = client('192.0.3.1')
  expect(await fresh.told()).toBe('accept')
  for (const one of [fresh, good]) one.guess(2)
  expect([await fresh.told(), await good.told()]).toEqual(['450 4.7.1', 'accept'])
})

it('counts unknown recipients of strangers only', async () => {
  const { client } = throttled()
  const stranger = client()
  stranger.otherRefusals(refusal(554, '5.7.1', 'Relay access denied'), 500)
  stranger.otherRefusals(refusal(550, '5.1.1', 'No such address here', 'SRS: expired'), 500)
  expect(await stranger.told()).toBe('accept')
  const peer = client('192.0.2.1', { kind: 'peer', role: 'mx', vouched: 'nothing' })
  peer.guess(500)
  expect(await peer.told()).toBe('accept')
  const user = client('192.0.2.2', { kind: 'user', identity: 'kim@example.org' })
  user.guess(500)
  expect(await user.told()).toBe('accept')
})

it('leaves postmaster and abuse reachable', async () => {
  const { client } = throttled()
  const { guess, told } = client()
  guess(100)
  expect(await Promise.all(['Postmaster', 'abuse@example.org', 'kim@example.org'].map((one) => told(0, one)))).toEqual([
    'accept',
    'accept',
    '450 4.7.1',
  ])
})
