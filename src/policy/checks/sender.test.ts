import { expect, test } from 'vitest'
import { recipientFacts, runCheck, senderFacts } from '../../../test/lib/check-facts.ts'
import type { SendAs } from '../../route/resolution.ts'
import type { Origin } from '../../smtp/origin.ts'
import { senderCheck } from './sender.ts'
import type { MaySendAs } from './sender.ts'

const lee = { kind: 'user', identity: 'lee' } as const
const rights = (answer: SendAs) => async () => answer
const verdictOn = async (maySendAs: MaySendAs, origin: Origin, sender: string | null) =>
  (
    await runCheck(
      senderCheck(maySendAs, () => null),
      'mail',
      senderFacts({ origin, sender }),
    )
  ).verdict

test('an address of the user is accepted', async () => {
  expect((await verdictOn(rights({ kind: 'yes', source: 'people.yaml:3' }), lee, 'lee@example.org')).kind).toBe(
    'accept',
  )
})

test('another address is refused with a list of the allowed ones', async () => {
  const verdict = await verdictOn(
    rights({ kind: 'no', allowed: ['lee@example.org', 'press@example.org'] }),
    lee,
    'gina@example.org',
  )
  expect(verdict).toMatchObject({
    kind: 'reject',
    reply: {
      code: 553,
      enhanced: '5.7.1',
      text: expect.stringContaining('allowed: lee@example.org, press@example.org'),
    },
  })
})

test('a long list is shortened, and an empty one is named', async () => {
  const many = Array.from({ length: 12 }, (_, i) => `a${i}@example.org`)
  const long = await verdictOn(rights({ kind: 'no', allowed: many }), lee, 'gina@example.org')
  expect(long).toMatchObject({ reply: { text: expect.stringMatching(/a4@example\.org and 7 more$/) } })
  const none = await verdictOn(rights({ kind: 'no', allowed: [] }), lee, 'gina@example.org')
  expect(none).toMatchObject({ reply: { text: expect.stringContaining('allowed: no address') } })
})

test('a source that cannot answer defers', async () => {
  const verdict = await verdictOn(rights({ kind: 'unavailable', cause: 'ldap down' }), lee, 'lee@example.org')
  expect(verdict).toMatchObject({ kind: 'defer', reply: { code: 451, enhanced: '4.3.0', cause: 'ldap down' } })
})

test('the null sender is allowed, and other origins are not checked', async () => {
  const never = async (): Promise<SendAs> => {
    throw new Error('asked')
  }
  expect((await verdictOn(never, lee, null)).kind).toBe('accept')
  expect((await verdictOn(never, { kind: 'internet' }, 'lee@example.org')).kind).toBe('accept')
})

test('a machine that is limited to recipients writes only to these', async () => {
  const limit = (_: unknown, address: string) => (address === 'alerts@example.org' ? null : ['alerts@example.org'])
  const check = senderCheck(rights({ kind: 'yes', source: 'machines.yaml' }), limit)
  const machine = { kind: 'machine', identity: 'ci-01' } as const
  const to = async (forwardPath: string, origin: Origin = machine) =>
    (await runCheck(check, 'rcpt', recipientFacts({ origin, forwardPath }))).verdict
  expect((await to('alerts@example.org')).kind).toBe('accept')
  expect(await to('friend@far.example')).toMatchObject({
    kind: 'reject',
    reply: { code: 550, text: 'You are not allowed to write to <friend@far.example>; allowed: alerts@example.org' },
  })
  expect((await to('friend@far.example', { kind: 'internet' })).kind).toBe('accept')
})
