import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { hostile, obeyed } from '../../../test/lib/hostile-text.ts'
import { contentOf } from '../../../test/lib/message.ts'
import { type Authority, startAuthority } from '../../demo/authority.ts'
import type { DkimKey } from '../../dkim/key.ts'
import { keyRecord } from '../../dkim/key-record.ts'
import { systemClock } from '../../lib/clock.ts'
import { createSigner } from '../../dkim/sign.ts'
import { verify, type VerifyOptions } from './verify-command.ts'

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())
beforeEach(() => {
  dns.zone.clear()
  dns.zone.set('example.org', { TXT: 'v=spf1 ip4:192.0.2.1 -all' })
  dns.zone.set('_dmarc.example.org', { TXT: 'v=DMARC1; p=quarantine' })
})

const message = 'From: ann@example.org\nSubject: Hi\n\nHello\n'

async function run(input: string, more: Partial<VerifyOptions> = {}) {
  const io = captureIo(input)
  const options = {
    ip: '192.0.2.1',
    helo: 'mail.example.org',
    from: 'ann@example.org',
    at: systemClock.now(),
    json: false,
  }
  const code = await verify({ ...options, dns: `${dns.host}:${dns.port}`, ...more }, io)
  return { code, out: io.out(), err: io.err() }
}

describe('waypost verify', () => {
  test('prints nothing of the message that a terminal obeys', async () => {
    const signature = `DKIM-Signature: v=1; a=${hostile}; d=${hostile}.example; s=${hostile}; b=x; bh=x; h=from\n`
    for (const json of [false, true]) {
      const { out, err } = await run(`${signature}From: ${hostile} <ann@${hostile}.example>\n\nHello\n`, {
        helo: `mail${hostile}`,
        from: `ann${hostile}@${hostile}.example`,
        json,
      })
      expect(out).not.toBe('')
      expect(obeyed(out + err)).toBeNull()
    }
  })

  test('prints the results as text', async () => {
    const { code, out } = await run(message, { authservId: 'mx.example.org' })
    expect(code).toBe(0)
    expect(out).toBe(`spf   pass       example.org
dkim  none
dmarc pass       example.org  policy quarantine of example.org, spf aligned
arc   none

The author is proven.

Authentication-Results: mx.example.org;
\tspf=pass smtp.mailfrom=ann@example.org;
\tdkim=none;
\tdmarc=pass header.from=example.org policy.dmarc=quarantine
`)
  })

  test('says why From: is not clear', async () => {
    const { out } = await run(message.replace('ann@example.org', 'Ann [HR] <ann@example.org>'))
    expect(out).toMatch(
      /^dmarc pass +example\.org {2}policy .*, spf aligned, From: display name that looks like an ad/m,
    )
    expect((await run(message.replace('ann@', 'eve@evil.example, ann@'))).out).toMatch(
      /^dmarc permerror .*From: several/m,
    )
  })

  test('prints JSON', async () => {
    const { code, out } = await run(message, { json: true, ip: '2001:db8::1' })
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      spf: { result: 'fail' },
      dkim: [],
      dmarc: { result: 'fail', policy: 'quarantine' },
      proven: false,
    })
  })

  test('verifies signatures of a file with LF line ends, at a given time', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const algorithm = 'ed25519-sha256'
    const key: DkimKey = {
      domain: 'example.org',
      selector: 's1',
      algorithm,
      privateKey,
      stage: 'active',
      since: null,
      file: '',
    }
    dns.zone.set(keyRecord(key).name, { TXT: keyRecord(key).text })
    const [head = '', body = ''] = message.replaceAll('\n', '\r\n').split('\r\n\r\n')
    const content = contentOf({ header: Buffer.from(`${head}\r\n\r\n`), body: Buffer.from(body) })
    const signed = await createSigner({ keys: [key], parents: [] }).sign(content, { fromDomain: 'example.org', now: 0 })
    if (signed.kind === 'unsigned') throw new Error(signed.reason)
    const whole = signed.fields.toString().replaceAll('\r\n', '\n') + message
    const { code, out } = await run(whole, { ip: '192.0.2.9', at: Date.parse('2026-11-21T00:00:00Z') })
    expect(out).toContain('dkim  pass       s1._domainkey.example.org  aligned')
    expect(code).toBe(0)
  })

  test('without a DMARC record, any passing identity of the author domain proves the author', async () => {
    dns.zone.delete('_dmarc.example.org')
    dns.zone.set('evil.example', { TXT: 'v=spf1 +all' })
    expect((await run(message)).code).toBe(0)
    expect((await run(message.replace('@', '@news.'))).code).toBe(0)
    expect((await run(message, { from: 'eve@evil.example' })).code).toBe(1)
    expect((await run(message, { ip: '192.0.2.9' })).code).toBe(1)
  })

  test.each([null, '', '<>'])('%j is the null sender', async (from) => {
    const { out } = await run(message, { from, json: true })
    expect(JSON.parse(out)).toMatchObject({ spf: { domain: 'mail.example.org' } })
  })

  test.each([
    [{ ip: 'here' }, '--ip: found here, expected an IPv4 or IPv6 address'],
    [{ dns: 'ns.example.org' }, '--dns: found ns.example.org, expected ADDRESS or ADDRESS:PORT'],
    [{ dns: '127.0.0.1:99999' }, '--dns: found 127.0.0.1:99999, expected'],
  ])('an invalid option %j: exit code 2 and a message', async (more, message) => {
    const { code, out, err } = await run(message, more)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })
})
