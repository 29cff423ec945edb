import { expect, test } from 'vitest'
import type { SendAs } from '../../route/resolution.ts'
import { checkSender } from './sender.ts'

const lee = { kind: 'user', identity: 'lee' } as const
const rights = (answer: SendAs) => async () => answer

test('what is his passes', async () => {
  expect((await checkSender(rights({ kind: 'yes', source: 'people.yaml:3' }), lee, 'lee@example.org')).kind).toBe(
    'accept',
  )
})

test('what is not his is refused with what he may use', async () => {
  const verdict = await checkSender(
    rights({ kind: 'no', allowed: ['lee@example.org', 'press@example.org'] }),
    lee,
    'gina@example.org',
  )
  expect(verdict).toMatchObject({
    kind: 'reject',
    reply: {
      code: 553,
      enhanced: '5.7.1',
      text: expect.stringContaining('you may use: lee@example.org, press@example.org'),
    },
  })
})

test('a long list is cut, and nothing at all is said plainly', async () => {
  const many = Array.from({ length: 12 }, (_, i) => `a${i}@example.org`)
  const long = await checkSender(rights({ kind: 'no', allowed: many }), lee, 'gina@example.org')
  expect(long).toMatchObject({ reply: { text: expect.stringMatching(/a4@example\.org and 7 more$/) } })
  const none = await checkSender(rights({ kind: 'no', allowed: [] }), lee, 'gina@example.org')
  expect(none).toMatchObject({ reply: { text: expect.stringContaining('may use: no address') } })
})

test('a source that cannot answer defers', async () => {
  const verdict = await checkSender(rights({ kind: 'unavailable', cause: 'ldap down' }), lee, 'lee@example.org')
  expect(verdict).toMatchObject({ kind: 'defer', reply: { code: 451, enhanced: '4.3.0', cause: 'ldap down' } })
})

test('the null sender is everybody’s, and strangers are not asked', async () => {
  const never = async (): Promise<SendAs> => {
    throw new Error('asked')
  }
  expect((await checkSender(never, lee, null)).kind).toBe('accept')
  expect((await checkSender(never, { kind: 'internet' }, 'lee@example.org')).kind).toBe('accept')
})
