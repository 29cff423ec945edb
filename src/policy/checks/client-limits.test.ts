import { expect, it } from 'vitest'
import { recipientFacts, runCheck, sampleSession, senderFacts, sessionFacts } from '../../../test/lib/check-facts.ts'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Origin } from '../../smtp/origin.ts'
import { clientLimitsCheck } from './client-limits.ts'

const limits = { messages_per_ip: 3, recipients_per_ip: 5, octets_per_ip: 1000, errors_per_ip: 8 }
const internet: Origin = { kind: 'internet' }

function limited() {
  const clock = createFakeClock()
  const budgets = createBudgets(clock)
  const check = clientLimitsCheck(limits, budgets)
  const at = (remoteIp: string, origin: Origin | null) => sampleSession({ remoteIp, origin })
  const client = (remoteIp = '198.51.100.7', origin: Origin = internet) => {
    const session = at(remoteIp, origin)
    const told = async (stage: 'connect' | 'mail' | 'rcpt') => {
      const facts = {
        connect: sessionFacts(session),
        mail: senderFacts({ session, origin }),
        rcpt: recipientFacts({ session, origin }),
      }
      const { verdict } = await runCheck(check, stage, facts[stage])
      return verdict.kind === 'accept' ? 'accept' : `${verdict.reply.code} ${verdict.reply.enhanced}`
    }
    return {
      told,
      ended: (octets: number) => check.ended?.({ recipients: [] }, { session, octets }),
      failed: () => check.failed?.(session),
    }
  }
  return {
    clock,
    client,
    refusals: () =>
      budgets
        .usage()
        .filter(({ refused }) => refused.size > 0)
        .map(({ name }) => name),
  }
}

it('defers the mail transactions of a client beyond its number, and not those of others', async () => {
  const { clock, client, refusals } = limited()
  const { told } = client()
  for (let i = 0; i < 3; i++) expect(await told('mail')).toBe('accept')
  expect([await told('mail'), await client('192.0.2.1').told('mail'), refusals()]).toEqual([
    '450 4.7.1',
    'accept',
    ['clientMessages'],
  ])
  await clock.advance(10 * 60_000)
  expect(await told('mail')).toBe('accept')
})

it('defers recipients beyond their number', async () => {
  const { told } = limited().client()
  for (let i = 0; i < 5; i++) expect(await told('rcpt')).toBe('accept')
  expect(await told('rcpt')).toBe('450 4.7.1')
})

it('counts the octets of messages also if they were interrupted or refused', async () => {
  const { client } = limited()
  const { told, ended } = client()
  ended(0)
  ended(999)
  expect(await told('mail')).toBe('accept')
  ended(1)
  expect(await told('mail')).toBe('450 4.7.1')
})

it('delays a client with many errors in every session, then refuses its connections', async () => {
  const { told, failed } = limited().client()
  expect([failed(), failed(), failed()]).toEqual([false, false, true])
  expect(await told('connect')).toBe('accept')
  for (let i = 0; i < 5; i++) failed()
  expect(await told('connect')).toBe('450 4.7.0')
})

it.each<Origin>([
  { kind: 'peer', role: 'mx', vouched: 'nothing' },
  { kind: 'user', identity: 'kim@example.org' },
  { kind: 'local' },
])('does not limit $kind', async (origin) => {
  const { told, ended, failed } = limited().client('192.0.2.1', origin)
  for (let i = 0; i < 20; i++) {
    expect(failed()).toBe(false)
    ended(1000)
    for (const stage of ['connect', 'mail', 'rcpt'] as const) expect(await told(stage)).toBe('accept')
  }
})
