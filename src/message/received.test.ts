import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFields } from './header.ts'
import { writeReceived } from './received.ts'
import type { Hop } from './received.ts'

const client = { helo: 'relay.example.net', ip: '192.0.2.1', name: null, esmtp: true, authenticated: false, tls: null }
const hop: Hop = {
  client,
  smtputf8: false,
  by: 'mx-01.example.org',
  queueId: '3Pt2mN2VXxznjll',
  recipient: 'joe@example.org',
  at: Date.UTC(2026, 10, 21),
  hideClient: false,
}
const value = (changes: Partial<Hop>) => readFields(writeReceived({ ...hop, ...changes }))[0]?.value
const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

describe('the trace header', () => {
  test('of a stranger', () => {
    expect(value({})).toBe(
      'from relay.example.net ([192.0.2.1]) by mx-01.example.org (Waypost) with ESMTP id 3Pt2mN2VXxznjll for <joe@example.org>; Sat, 21 Nov 2026 00:00:00 +0000',
    )
  })

  test('is folded to readable lines', () => {
    const text = writeReceived({ ...hop, client: { ...client, tls, name: 'relay.example.net' } }).toString()
    expect(text.startsWith('Received: from relay.example.net (relay.example.net [192.0.2.1])')).toBe(true)
    for (const line of text.trimEnd().split('\r\n')) expect(line.length).toBeLessThanOrEqual(78)
  })

  test.each([
    [{ client: { ...client, esmtp: false } }, 'SMTP'],
    [{}, 'ESMTP'],
    [{ client: { ...client, tls } }, 'ESMTPS'],
    [{ client: { ...client, authenticated: true } }, 'ESMTPA'],
    [{ client: { ...client, tls, authenticated: true } }, 'ESMTPSA'],
    [{ client: { ...client, tls, authenticated: true }, smtputf8: true }, 'UTF8SMTPSA'],
    [{ smtputf8: true }, 'UTF8SMTP'],
    [{ client: null }, 'local'],
  ])('says the protocol: %#', (changes, keyword) => expect(value(changes)).toContain(` with ${keyword} `))

  test('says the TLS level in a comment', () => {
    expect(value({ client: { ...client, tls } })).toContain('with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id')
  })

  test('hides where a person is', () => {
    const hidden = value({
      hideClient: true,
      client: { ...client, helo: 'annas-laptop', name: 'home.example', tls, authenticated: true },
    })
    expect(hidden).toMatch(/^by mx-01\.example\.org \(Waypost\) with ESMTPSA/)
    for (const secret of ['192.0.2.1', 'annas-laptop', 'home.example']) expect(hidden).not.toContain(secret)
  })

  test('names no recipient where there are several, and no client for our own mail', () => {
    expect(value({ recipient: null })).not.toContain(' for ')
    expect(value({ client: null })).toMatch(/^by /)
  })

  test('marks IPv6 addresses and literals', () => {
    expect(value({ client: { ...client, ip: '2001:db8::1', helo: '[IPv6:2001:db8::1]' } })).toContain(
      'from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])',
    )
  })

  test('lets no client write anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (helo, name) => {
        const written = writeReceived({ ...hop, client: { ...client, helo, name } })
        const fields = readFields(written)
        expect(fields.map((f) => f.name)).toEqual(['Received'])
        expect(fields[0]?.value.split(';').length).toBeGreaterThan(1)
        // No client value can end the comment early: the node's part is always the last.
        expect(fields[0]?.value).toMatch(/\[192\.0\.2\.1\]\) by mx-01\.example\.org \(Waypost\) with ESMTP id/)
      }),
    )
    expect(value({ client: { ...client, helo: 'x) by evil (y' } })).toMatch(/^from \[192\.0\.2\.1\] /)
  })
})
