import { expect, it } from 'vitest'
import { readStsRecord } from './sts-record.ts'

const read = (...records: string[]) =>
  readStsRecord(records.map((one) => one.split('|').map((part) => Buffer.from(part))))

it.each([
  ['v=STSv1; id=20160831085700Z;', '20160831085700Z'],
  ['v=STSv1;id=a', 'a'],
  ['v=STSv1; future=1; id=a1; id=b', 'a1'],
  ['v=STS|v1; i|d=a', 'a'],
])('reads %j', (record, id) => {
  expect(read(record)).toEqual({ kind: 'record', id })
  expect(read('google-site-verification=x', record, 'v=STSv2; id=z')).toEqual({ kind: 'record', id })
})

it.each([
  [[], 'no record'],
  [['v=stsv1; id=a'], 'no record'],
  [[' v=STSv1; id=a'], 'no record'],
  [['v=STSv1 ; id=a'], 'no record'],
  [['v=STSv10; id=a'], 'no record'],
  [['v=STSv1; id=a', 'v=STSv1; id=a'], '2 records, where one is allowed'],
  [['v=STSv1;'], 'a record without a usable id'],
  [['v=STSv1; id=a-b'], 'a record without a usable id'],
  [[`v=STSv1; id=${'a'.repeat(33)}`], 'a record without a usable id'],
] as const)('finds none in %j', (records, text) => {
  expect(read(...records)).toEqual({ kind: 'none', text })
})
