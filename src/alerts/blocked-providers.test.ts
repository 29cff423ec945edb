import { expect, it } from 'vitest'
import type { Event } from '../observe/events.ts'
import { createBlockedProviders, providerOf } from './blocked-providers.ts'

const DAY_MS = 86_400_000
const refusal = (host: string | null, fields: object = {}): Event => ({
  kind: 'deferred',
  at: 5,
  queueId: 'x',
  recipient: 'kim@outlook.example',
  attempt: 1,
  host,
  reply: '550 5.7.1 blocked (S3140)\nsee the form',
  status: '5.7.1',
  tls: null,
  class: 'blocked',
  scope: 'host',
  nextAttemptAt: 9,
  ...fields,
})

it('is one alert for each provider, until a day without a refusal', () => {
  const providers = createBlockedProviders()
  expect(providers.note(refusal('mx1.mail.protection.example[192.0.2.1]'), 0)).toEqual({
    name: 'blocked protection.example',
    state: 'raised',
    level: 'degraded',
    reason: 'protection.example refuses mail as blocked: 550 5.7.1 blocked (S3140) see the form',
    since: 5,
  })
  expect(providers.note(refusal('mx2.mail.protection.example[192.0.2.2]', { kind: 'failed' }), DAY_MS / 2)).toBeNull()
  expect(providers.note(refusal('mx.other.example'), 1)).toMatchObject({ name: 'blocked other.example' })
  expect(providers.note(refusal('mx.third.example', { class: 'rate' }), 1)).toBeNull()
  expect(providers.cleared(DAY_MS)).toEqual([])
  expect(providers.cleared(DAY_MS + 1)).toMatchObject([
    { name: 'blocked other.example', state: 'cleared', level: 'ok' },
  ])
  expect(providers.cleared(2 * DAY_MS)).toMatchObject([{ name: 'blocked protection.example', state: 'cleared' }])
})

it('has a capacity', () => {
  const providers = createBlockedProviders()
  const alerts = Array.from({ length: 500 }, (_, i) => providers.note(refusal(`mx.p${i}.example`), 0))
  expect(alerts.filter((one) => one !== null)).toHaveLength(100)
})

it.each([
  ['mx.far.example[192.0.2.1]:25', 'far.example'],
  ['[192.0.2.1]', 'outlook.example'],
  [null, 'outlook.example'],
  ['example-org.mail.protection.outlook.com[192.0.2.1]', 'microsoft'],
  ['mail.company.co.uk[192.0.2.1]', 'company.co.uk'],
])('the provider of %s is %s', (host, provider) => {
  expect(providerOf({ host, recipient: 'kim@outlook.example' })).toBe(provider)
})
