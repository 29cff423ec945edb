import { expect, test } from 'vitest'
import type { PlannedSet, PlannedType, Purpose } from './planned-record.ts'
import { wireData } from './record-data.ts'
import { setChanges } from './set-changes.ts'

const changes = (
  type: PlannedType,
  purpose: Purpose,
  planned: readonly string[],
  { present, ttl = 60 }: { readonly present: readonly string[]; readonly ttl?: number },
) => {
  const set: PlannedSet = { name: 'example.org', type, purpose, ttl: 60, data: planned }
  const records = present.map((written) => ({ written, octets: wireData(type, written).subarray(2), ttl }))
  const result = setChanges(set, records)
  expect(result.expected.data).toHaveLength(present.length)
  return result.changes.map(({ action, written }) => `${action} ${written}`)
}

test('what is published is left alone, however it is spelled', () => {
  expect(changes('MX', 'mx', ['10 a.', '20 b.'], { present: ['20 b.', '10 a.'] })).toEqual([])
  expect(changes('TXT', 'dkim', ['v=DKIM1; k=rsa; p=AA'], { present: ['p=AA'] })).toEqual([])
})

test('only records of the same purpose are replaced', () => {
  expect(changes('TXT', 'spf', ['v=spf1 -all'], { present: ['site-verification=1', 'v=spf1 ~all'] })).toEqual([
    'remove v=spf1 ~all',
    'add v=spf1 -all',
  ])
  expect(changes('CAA', 'caa', ['0 issue "a.example"'], { present: ['0 issue "b.example"'] })).toEqual([
    'add 0 issue "a.example"',
  ])
  expect(changes('PTR', 'reverse', ['a.example.'], { present: ['b.example.'] })).toEqual([
    'remove b.example.',
    'add a.example.',
  ])
  expect(changes('MX', 'mx', ['10 a.'], { present: ['10 a.', '10 old.'] })).toEqual(['remove 10 old.'])
})

test('another time to live alone is a change, with the octets that are there', () => {
  expect(changes('MX', 'mx', ['10 a.'], { present: ['10 a.'], ttl: 5 })).toEqual(['remove 10 a.', 'add 10 a.'])
  expect(changes('TXT', 'dkim', ['v=DKIM1; k=rsa; p=AA'], { present: ['p=AA'], ttl: 5 })).toEqual([
    'remove p=AA',
    'add p=AA',
  ])
})

test('the time to live stays where a record of the name is not ours: all have the same', () => {
  expect(changes('TXT', 'spf', ['v=spf1 -all'], { present: ['site-verification=1', 'v=spf1 -all'], ttl: 5 })).toEqual(
    [],
  )
})

test('two SPF records become one', () => {
  expect(changes('TXT', 'spf', ['v=spf1 -all'], { present: ['v=spf1 -all', 'v=spf1 ~all'] })).toEqual([
    'remove v=spf1 ~all',
  ])
})
