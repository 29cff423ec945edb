import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMailbox } from '../smtp/mailbox.ts'
import { createPrivacy } from './treatment.ts'
import type { PrivacySettings } from './treatment.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

const key = () => Buffer.from('a key of this test')
const keep: PrivacySettings = { addresses: 'keep', ips: 'keep', subjects: 'keep', hashKey: key }
const hash: PrivacySettings = { addresses: 'hash', ips: 'hash', subjects: 'hash', hashKey: key }
const drop: PrivacySettings = { addresses: 'drop', ips: 'drop', subjects: 'drop', hashKey: key }

const fields = {
  queueId: '3Pt2mN2VXxznjll',
  sender: 'Joe@example.net',
  recipient: 'ann@example.org',
  remote: '192.0.2.1',
  helo: 'joes-laptop',
  host: 'mx.example.com[198.51.100.7]:25',
  subject: 'Secret',
  origin: 'user:joe',
  status: '5.1.1',
  size: 4096,
  tls: null,
  cause:
    'wrong password of user:joe; user:"ann b" of user:joe@example.net, too many failures of user:joe from 192.0.2.1',
  reply: '550 5.1.1 <ann@example.org>: unknown at [198.51.100.7], "joe x"@example.net 2001:db8::1 at 12:30:45',
  steps: ['alias ann@example.org -> bob@example.com (mail.yaml:3)'],
  nested: { recipient: 'ann@example.org', note: 'for ann@example.org' },
}
const secrets = [
  'joe@',
  'Joe@',
  'ann@',
  'bob@',
  '"joe x"',
  '192.0.2.1',
  'joes-laptop',
  'Secret',
  ':joe',
  'ann b',
  '2001:db8::1',
]

describe('privacy classes', () => {
  test('keep all fields except empty ones', () => {
    const { tls: _, ...rest } = fields
    expect(createPrivacy(keep).apply(fields)).toEqual(rest)
  })

  test.each([
    ['hash', hash],
    ['drop', drop],
  ])('%s removes every secret and keeps open fields', (_, settings) => {
    const applied = createPrivacy(settings).apply(fields)
    const text = JSON.stringify(applied)
    for (const secret of secrets) expect(text).not.toContain(secret)
    expect(applied).toMatchObject({ queueId: fields.queueId, host: fields.host, status: '5.1.1', size: 4096 })
    expect(text).toContain('12:30:45')
    expect(text).toContain('550 5.1.1')
    expect(text).toContain('mail.yaml:3')
  })

  test('give equal addresses the same hash, in fields and text and in any case, and another hash with another key', () => {
    const privacy = createPrivacy(hash)
    const { sender } = privacy.apply({ sender: 'joe@example.net' })
    expect(sender).toMatch(/^#[0-9a-f]{20}@example\.net$/)
    expect(privacy.apply({ sender: 'JOE@example.net' })['sender']).toBe(sender)
    expect(privacy.text('mail from <joe@example.net>')).toBe(`mail from <${String(sender)}>`)
    expect(
      createPrivacy({ ...hash, hashKey: () => Buffer.from('other') }).apply({ sender: 'joe@example.net' })['sender'],
    ).not.toBe(sender)
  })

  test('give a client address one hash, with a name, without one, or alone', () => {
    const privacy = createPrivacy(hash)
    const seen = ['192.0.2.1', 'unknown[192.0.2.1]', 'mail.example.net[192.0.2.1]'].map((remote) =>
      String(privacy.apply({ remote })['remote']),
    )
    expect(seen[1]).toBe(`unknown[${seen[0]}]`)
    expect(seen[2]).toMatch(/^#[0-9a-f]{20}\[#[0-9a-f]{20}\]$/)
    expect(seen[2]?.endsWith(`[${seen[0]}]`)).toBe(true)
  })

  test('omit dropped fields, and mark dropped parts of text', () => {
    const privacy = createPrivacy(drop)
    expect(privacy.apply({ sender: 'a@b.example', remote: '192.0.2.1', origin: 'user:joe' })).toEqual({
      origin: 'user',
    })
    expect(privacy.text('from a@b.example at 192.0.2.1')).toBe('from <address> at <ip>')
  })

  test('keep the label of an app password, and give its user the usual hash', () => {
    const privacy = createPrivacy(hash)
    const plain = String(privacy.apply({ origin: 'user:joe' })['origin'])
    expect(privacy.apply({ origin: 'user:joe (app phone)' })).toEqual({ origin: `${plain} (app phone)` })
    expect(createPrivacy(drop).apply({ origin: 'user:joe (app phone)' })).toEqual({ origin: 'user (app phone)' })
  })

  test('treat each user name of a list', () => {
    expect(createPrivacy(hash).apply({ users: ['kim'] })).toEqual({ users: [expect.stringMatching(/^#[0-9a-f]{20}$/)] })
    expect(createPrivacy(drop).apply({ users: ['kim', 'lee'] })).toEqual({ users: [] })
  })

  test('keep machines and peers', () => {
    expect(createPrivacy(hash).apply({ origin: 'machine:web-01' })).toEqual({ origin: 'machine:web-01' })
  })

  test('treat a field without a class as text, whatever its name', () => {
    expect(createPrivacy(drop).apply({ constructor: 'a@b.example', whatever: 'x' })).toEqual({
      constructor: '<address>',
      whatever: 'x',
    })
    expect(createPrivacy(drop).apply({ error: new Error('a@b.example') })['error']).toContain('<address>')
  })

  test('hide every address that the program can print, at any place in a text', () => {
    const local = fc
      .array(fc.constantFrom(...'secretäö.+=/ "\\@<>,()'.split('')), { minLength: 1, maxLength: 20 })
      .map((c) => `secret${c.join('')}`)
    const around = fc.constantFrom(
      ['<', '>'],
      ['', ''],
      ['to=<', '>,'],
      ['(', ')'],
      ['for ', ' (x)'],
      ['550 ', ': unknown'],
    )
    fc.assert(
      fc.property(local, fc.domain(), around, (name, domain, [before, after]) => {
        const text = `${before}${formatMailbox({ local: name, domain })}${after}`
        for (const settings of [hash, drop]) expect(createPrivacy(settings).text(text)).not.toContain('secret')
      }),
    )
  })

  test('take little time for long hostile text', () => {
    const start = processorMs()
    for (const piece of ['a', 'a@', ':', '1.', '"', '\\"', '::1 ']) createPrivacy(hash).text(piece.repeat(20_000))
    expect(processorMs() - start).toBeLessThan(3000)
  })
})
