import { expect, it } from 'vitest'
import { account_limits } from '../config/sections/account-limits-section.ts'
import { brake } from '../config/sections/brake-section.ts'
import type { SectionReader } from '../config/section.ts'
import { accountLimits, brakeSettings } from './account-settings.ts'

const reader = { report: (path: unknown) => expect.fail(String(path)) } as unknown as SectionReader

function limitsOf(written: unknown) {
  const config = account_limits.read(account_limits.schema.parse(written), reader)
  return accountLimits({ account_limits: config })
}

const most = (limits: ReturnType<typeof limitsOf>, origin: Parameters<NonNullable<typeof limits>['of']>[0]) =>
  Object.fromEntries(
    (limits?.of(origin) ?? []).map(({ measure, window, most: units }) => [`${measure} ${window}`, units]),
  )

it('each given number replaces one default; none removes it; single accounts go before', () => {
  const limits = limitsOf({
    users: { messages: { hour: 7, burst: 'none' } },
    app_passwords: { messages: { hour: 3 } },
    accounts: {
      'user:Press': { recipients: { day: 9000 } },
      'machine:crm': { messages: { day: 'none' } },
      'user:kim (app printer)': { recipients: { day: 5 } },
    },
  })
  const kim = most(limits, { kind: 'user', identity: 'kim' })
  expect(kim).toMatchObject({ 'messages hour': 7, 'messages day': 600, 'recipients day': 2000, 'failures hour': 60 })
  expect(kim).not.toHaveProperty('messages burst')
  const press = most(limits, { kind: 'user', identity: 'press' })
  expect(press).toMatchObject({ 'messages hour': 7, 'recipients day': 9000, 'recipients hour': 600 })
  const crm = most(limits, { kind: 'machine', identity: 'crm' })
  expect(crm).toMatchObject({ 'messages hour': 2000 })
  expect(crm).not.toHaveProperty('messages day')
  // A user and a machine can have one name.
  expect(most(limits, { kind: 'user', identity: 'crm' })).toEqual(kim)
  expect(limits?.ofApp({ kind: 'user', identity: 'kim', app: 'phone' })).toEqual([
    { measure: 'messages', window: 'hour', most: 3 },
  ])
  expect(limits?.ofApp({ kind: 'user', identity: 'kim', app: 'printer' })).toEqual([
    { measure: 'messages', window: 'hour', most: 3 },
    { measure: 'recipients', window: 'day', most: 5 },
  ])
})

it('without the key there are no limits', () => {
  expect(limitsOf(undefined)).toBeNull()
})

it('the brake keeps the points of signs that are not given; without the key only operators hold accounts', () => {
  const config = brake.read(
    brake.schema.parse({ points: { SPAM: 0 }, new_mail: 'refuse', users: { recipients: 7 } }),
    reader,
  )
  expect(brakeSettings({ brake: config })).toMatchObject({
    holdAt: 6,
    newMail: 'refuse',
    points: { SPAM: 0, RECIPIENTS: 4 },
    least: { user: { recipients: 7, newDomains: 5 }, machine: { recipients: 200 } },
  })
  expect(brakeSettings({ brake: null })).toMatchObject({ holdAt: null, newMail: 'hold' })
})
