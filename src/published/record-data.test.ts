import dnsPacket from 'dns-packet'
import { expect, test } from 'vitest'
import type { PlannedType } from './planned-record.ts'
import { wireData, writtenData } from './record-data.ts'

const records: readonly (readonly [PlannedType, string])[] = [
  ['A', '192.0.2.1'],
  ['AAAA', '2001:db8::1'],
  ['MX', '10 mx-01.example.org.'],
  ['MX', '0 .'],
  ['TXT', 'v=spf1 -all'],
  ['TXT', `ü"\\${'x'.repeat(700)}`],
  ['TXT', ''],
  ['PTR', 'mx-01.example.org.'],
  ['CNAME', 'example.org.'],
  ['SRV', '0 1 465 submission-01.example.org.'],
  ['SRV', '0 0 0 .'],
  ['TLSA', `3 1 1 ${'0a'.repeat(32)}`],
  ['CAA', '0 issue "letsencrypt.org; validationmethods=dns-01"'],
]

test.each(records)('%s %j is the same after the wire', (type, data) => {
  const name = Buffer.from('\x01a\x07example\x00', 'latin1')
  const fixed = Buffer.alloc(8)
  fixed.writeUInt16BE({ A: 1, AAAA: 28, MX: 15, TXT: 16, PTR: 12, CNAME: 5, SRV: 33, TLSA: 52, CAA: 257 }[type], 0)
  fixed.writeUInt16BE(1, 2)
  const header = Buffer.from('000080000000000100000000', 'hex')
  const { answers = [] } = dnsPacket.decode(Buffer.concat([header, name, fixed, wireData(type, data)]))
  expect(answers).toHaveLength(1)
  expect(writtenData(answers[0] as dnsPacket.Answer, type)).toBe(data)
})

test('another type, and data that cannot be read, are nothing', () => {
  expect(writtenData({ type: 'A', name: 'a.example', data: '192.0.2.1' }, 'AAAA')).toBeNull()
  expect(writtenData({ type: 'MX', name: 'a.example' } as dnsPacket.Answer, 'MX')).toBeNull()
})
