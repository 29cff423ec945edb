import { beforeEach, describe, expect, it } from 'vitest'
import { mailFacts, recipientFacts, runCheck, senderFacts } from '../../../test/lib/check-facts.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { LimitUse, UsageAnswer, UsageLimit, UsageRequest } from '../../state/usage-contract.ts'
import { namesOfOrigin } from '../account-name.ts'
import type { Check } from '../check.ts'
import { accountLimitsCheck, type AccountLimitSettings } from './account-limits.ts'

const NOW = Date.UTC(2026, 10, 21, 14)
const kim: Origin = { kind: 'user', identity: 'kim' }
const phone: Origin = { ...kim, app: 'phone' }
const hourly: UsageLimit = { measure: 'recipients', window: 'hour', most: 10 }
const use: LimitUse = { ...hourly, account: 'user:kim', used: 5 }

let asked: UsageRequest[]
let failed: string[][]
let answer: UsageAnswer
let settings: AccountLimitSettings | null
let check: Check

beforeEach(() => {
  ;[asked, failed, answer] = [[], [], { kind: 'fits', uses: [] }]
  settings = { of: () => [hourly], ofApp: () => [{ ...hourly, most: 5 }], warnAt: 0.8 }
  const ask = async (request: UsageRequest) => {
    asked.push(request)
    return answer
  }
  const usage = { judge: ask, take: ask, failed: async (names: readonly string[]) => void failed.push([...names]) }
  check = accountLimitsCheck(() => settings, { usage, clock: { now: () => NOW } })
})

const send = (origin: Origin = kim, recipients = ['a@far.example', 'b@FAR.example', 'c@other.example']) =>
  runCheck(check, 'message', mailFacts('Subject: x', { origin, recipients }))
const refused = (code: number, text: RegExp | string) => ({
  verdict: {
    reply: {
      code,
      enhanced: code === 452 ? '4.7.28' : '4.3.0',
      text: typeof text === 'string' ? text : expect.stringMatching(text),
    },
  },
})

describe('a message', () => {
  it('counts for its account, and for the app password', async () => {
    await send(phone)
    expect(asked).toEqual([
      {
        claims: [
          { account: 'user:kim', limits: [hourly] },
          { account: 'user:kim (app phone)', limits: [{ ...hourly, most: 5 }] },
        ],
        messages: 1,
        recipients: 3,
        domains: ['far.example', 'other.example'],
        at: NOW,
      },
    ])
  })

  it('waits at a limit, with the time at which it is possible', async () => {
    answer = { kind: 'over', use: { ...use, used: 10 }, againAt: NOW + 1 }
    const text =
      'The limit of your account is reached, 10 recipients an hour; please send again after 2026-11-21T14:01Z'
    expect(await send()).toMatchObject(refused(452, text))
    answer = { ...answer, againAt: null }
    expect(await send()).toMatchObject(refused(452, /^This message alone is above the limit .* fewer recipients/))
  })

  it('waits while the limits are not known', async () => {
    answer = { kind: 'unavailable', cause: 'no disk' }
    expect(await send()).toMatchObject(refused(451, /unavailable/))
  })

  it('has one warning near a limit, and another one after the limit was free', async () => {
    const kinds = async (used: number) => {
      answer = { kind: 'fits', uses: [{ ...use, used }] }
      return (await send()).events?.map((event) => event.kind)
    }
    expect([await kinds(7), await kinds(8), await kinds(9), await kinds(3), await kinds(10)]).toEqual([
      [],
      ['limit-near'],
      [],
      [],
      ['limit-near'],
    ])
  })

  it('of others, and without limits, is accepted', async () => {
    answer = { kind: 'over', use, againAt: null }
    expect(await send({ kind: 'internet' })).toMatchObject({ verdict: { kind: 'accept' } })
    expect(asked).toEqual([])
    settings = null
    expect(await send()).toMatchObject({ verdict: { kind: 'accept' } })
    // Counted all the same: what is usual for an account is known when limits come.
    expect(asked).toMatchObject([{ recipients: 3, claims: [{ limits: [] }] }])
  })
})

describe('before the data', () => {
  it('MAIL asks for one recipient, RCPT for all of the transaction', async () => {
    await runCheck(check, 'mail', senderFacts({ origin: kim }))
    const recipients = [{ forwardPath: 'a@far.example', resolution: {} as never }]
    const facts = recipientFacts({ origin: kim, transaction: { recipients }, forwardPath: 'b@other.example' })
    await runCheck(check, 'rcpt', facts)
    expect(asked.map(({ recipients: count, domains }) => [count, domains])).toEqual([
      [1, []],
      [2, ['far.example', 'other.example']],
    ])
    answer = { kind: 'over', use, againAt: NOW }
    expect(await runCheck(check, 'rcpt', facts)).toMatchObject(refused(452, /limit/))
  })

  it('a recipient that is refused for good is a failure', () => {
    const report = (origin: Origin, code: number) =>
      check.refused?.rcpt?.(recipientFacts({ origin }), refusal(code, code === 550 ? '5.1.1' : '4.3.0', 'no', 'x'))
    report(phone, 550)
    report(kim, 451)
    report({ kind: 'internet' }, 550)
    expect(failed).toEqual([['user:kim', 'user:kim (app phone)']])
  })
})

it.each([
  ['user:kim', { account: 'user:kim', app: null }],
  ['user:kim (app my (old) phone)', { account: 'user:kim', app: 'user:kim (app my (old) phone)' }],
  ['machine:ci-01', { account: 'machine:ci-01', app: null }],
  ['peer:mx (dmarc-pass)', null],
  ['internet', null],
])('the names of the origin %s', (origin, names) => {
  expect(namesOfOrigin(origin)).toEqual(names)
})
