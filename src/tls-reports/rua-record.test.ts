import { expect, it } from 'vitest'
import { readReportUri, readRuaRecord } from './rua-record.ts'

const read = (...records: string[]) => readRuaRecord(records.map((one) => [Buffer.from(one)]))

it.each([
  ['v=TLSRPTv1;rua=mailto:a@b.test', ['mailto:a@b.test']],
  ['v=TLSRPTv1; rua=mailto:a@b.test , https://b.test/x?y ; ext=1', ['mailto:a@b.test', 'https://b.test/x?y']],
  ['v=TLSRPTv1; rua=ftp://b.test,mailto:x,http://b.test,mailto:a@b.test,mailto:a@b.test', ['mailto:a@b.test']],
  [
    `v=TLSRPTv1; rua=${[1, 2, 3, 4, 5, 6].map((n) => `mailto:${n}@b.test`).join()}`,
    expect.objectContaining({ length: 5 }),
  ],
])('reads %s', (record, uris) => {
  expect(read('v=spf1 -all', record)).toEqual(uris)
})

it.each([
  [[]],
  [['v=TLSRPTv2; rua=mailto:a@b.test']],
  [['v=TLSRPTv1;']],
  [['v=TLSRPTv1;rua=mailto:a@b.test', 'v=TLSRPTv1;']],
])('finds nothing in %j', (records) => expect(read(...records)).toEqual([]))

it.each([
  ['mailto:tls%2Breports@B.test?subject=x', { kind: 'mailto', address: 'tls+reports@b.test' }],
  ['https://b.test:8443/a%20b', { kind: 'https', url: 'https://b.test:8443/a%20b' }],
  ['https://user:secret@b.test/', null],
  ['mailto:a@b.test%0d%0aBcc:c@b.test', null],
  ['mailto:a@b.test,c@b.test', null],
  ['mailto:%zz@b.test', null],
  [`https://b.test/${'x'.repeat(1000)}`, null],
])('%s is %j', (uri, expected) => {
  expect(readReportUri(uri)).toEqual(expected)
})
