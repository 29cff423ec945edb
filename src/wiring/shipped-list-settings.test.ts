import { expect, test } from 'vitest'
import { sampleList } from '../../test/lib/sample-dns-list.ts'
import { shippedLists } from './shipped-list-settings.ts'

test('every shipped list has a contact; the allow list is known as such', () => {
  const { lists, contacts } = shippedLists()
  expect(lists.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['spamhaus-zen', 'psbl', 'dnswl', 'spamhaus-dbl']),
  )
  expect([...contacts].filter(([, { allows }]) => allows).map(([name]) => name)).toEqual(['dnswl'])
  expect([...contacts.values()].every(({ contact }) => contact !== '')).toBe(true)
})

test('a list of the node, with its key, replaces the shipped one; other lists of the node are not asked', () => {
  const keyed = sampleList({ name: 'spamhaus-zen', zone: 'abcd1234.zen.dq.spamhaus.net', key: 'abcd1234' })
  const { lists } = shippedLists([keyed, sampleList({ name: 'own' })])
  expect(lists.find(({ name }) => name === 'spamhaus-zen')).toBe(keyed)
  expect(lists.some(({ name }) => name === 'own')).toBe(false)
})
