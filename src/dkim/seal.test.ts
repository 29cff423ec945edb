// Seals, judged by mailauth: chains of one and of several sets, through changes on the way, broken ones, and ones that are too long.

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { contentOf } from '../../test/lib/message.ts'
import { startAuthority } from '../demo/authority.ts'
import { createStubResolver } from '../dns/stub.ts'
import { verifyEverywhere } from '../../test/lib/verify-everywhere.ts'
import { fieldsNamed, readFields } from '../message/header.ts'
import { MAX_INSTANCE } from './arc-chain.ts'
import type { DkimKey } from './key.ts'
import { keyRecord } from './key-record.ts'
import { createSealer } from './seal.ts'
import type { SealResult } from './sealer.ts'

const NOW = Date.UTC(2026, 10, 21)
const rsa = makeKey('rsa-sha256', 'rsa')
const ed = makeKey('ed25519-sha256', 'ed')
const sealer = createSealer({ keys: [ed, rsa], parents: ['example.org'] })

function makeKey(algorithm: DkimKey['algorithm'], selector: string): DkimKey {
  const { privateKey } =
    algorithm === 'rsa-sha256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
  return { domain: 'example.org', selector, algorithm, privateKey, stage: 'active', since: null, file: '' }
}

const message = {
  header: Buffer.from(
    'DKIM-Signature: v=1; d=a.example; s=x; b=y\r\nFrom: Ann <ann@a.example>\r\nSubject: Hello\r\n\r\n',
  ),
  body: Buffer.from('Hello.\r\n'),
}
const found = (arc: string) => [
  `example.org; spf=pass smtp.mailfrom=ann@a.example; dmarc=pass header.from=a.example${arc}`,
]

interface Mail {
  readonly header: Buffer
  readonly body: Buffer
}

function seal(mail: Mail, results = found(''), by = sealer): Promise<SealResult> {
  return by.seal(contentOf(mail), { domain: 'srs.example.org', authservId: 'example.org', results, now: NOW })
}

async function sealed(mail: Mail, results = found('')): Promise<Mail & { readonly fields: string }> {
  const result = await seal(mail, results)
  if (result.kind !== 'sealed') throw new Error(result.reason)
  return { header: Buffer.concat([result.fields, mail.header]), body: mail.body, fields: result.fields.toString() }
}

async function judge(mail: Mail): Promise<string> {
  const zone = Object.fromEntries([rsa, ed].map((key) => [keyRecord(key).name, { TXT: [keyRecord(key).chunks] }]))
  const dns = await startAuthority(zone)
  const resolver = createStubResolver({ servers: [dns], timeoutMs: 2_000, tries: 1, trustAuthentic: false })
  const request = { remoteIp: '192.0.2.1', helo: 'x.example', sender: null, authservId: 'r.example', now: NOW + 1000 }
  const { arc } = await verifyEverywhere(resolver).authenticate({
    ...request,
    content: contentOf(mail),
  })
  await dns.close()
  return arc.result
}

describe('the first set', () => {
  it('holds what was found, and verifies', async () => {
    const mail = await sealed(message)
    const fields = readFields(mail.header)
    expect(fields.slice(0, 3).map((field) => field.key)).toEqual([
      'arc-seal',
      'arc-message-signature',
      'arc-authentication-results',
    ])
    expect(fieldsNamed(fields, 'arc-authentication-results')[0]?.value.replace(/\s+/g, ' ')).toBe(
      'i=1; example.org; spf=pass smtp.mailfrom=ann@a.example; dmarc=pass header.from=a.example',
    )
    expect(fieldsNamed(fields, 'arc-seal')[0]?.value).toMatch(/^a=rsa-sha256;.*cv=none; d=example\.org; i=1; s=rsa;/)
    expect(await judge(mail)).toBe('pass')
  })

  it('covers the signatures of others, and no trace field', async () => {
    const mail = await sealed(message)
    const h = /\th=([^;]+);/.exec(mail.fields)?.[1]?.replace(/\s+/g, '').split(':')
    expect(h).toEqual(expect.arrayContaining(['from', 'subject', 'dkim-signature']))
    expect(h).not.toEqual(expect.arrayContaining(['received']))
    const changed = { ...mail, header: Buffer.from(mail.header.toString().replace('b=y', 'b=z')) }
    expect(await judge(changed)).toBe('fail')
  })

  it('survives more trace fields on the way, and no change of the mail', async () => {
    const mail = await sealed(message)
    const onTheWay = Buffer.concat([
      Buffer.from('Received: by next\r\nAuthentication-Results: x; none\r\n'),
      mail.header,
    ])
    expect(await judge({ ...mail, header: onTheWay })).toBe('pass')
    expect(await judge({ ...mail, body: Buffer.from('Goodbye.\r\n') })).toBe('fail')
  })

  it('states that nothing was found, if so', async () => {
    expect((await sealed(message, [])).fields.replace(/\s+/g, ' ')).toContain('i=1; example.org; none')
  })

  it('takes the results of several fields one after the other', async () => {
    const { fields } = await sealed(message, ['example.org; arc=none;\r\n\tspf=pass', 'example.org; dmarc=pass;'])
    expect(fields).toContain('i=1; example.org;\r\n\tarc=none;\r\n\tspf=pass;\r\n\tdmarc=pass\r\n')
  })

  it('is made with the one key there is, also of ed25519', async () => {
    const only = createSealer({ keys: [ed], parents: ['example.org'] })
    expect(await seal(message, found(''), only)).toMatchObject({
      kind: 'sealed',
      selector: 'ed',
      domain: 'example.org',
    })
  })

  it('is not made without a key', async () => {
    const none = createSealer({ keys: [{ ...rsa, stage: 'retired' }], parents: [] })
    expect(await seal(message, found(''), none)).toEqual({
      kind: 'unsealed',
      reason: 'no active key for srs.example.org',
    })
  })
})

describe('a further set', () => {
  it('extends a valid chain', async () => {
    let mail: Mail = await sealed(message)
    for (const instance of [2, 3]) {
      const next = await sealed(mail, found('; arc=pass'))
      expect(next.fields).toContain(`cv=pass; d=example.org; i=${instance};`)
      mail = next
    }
    expect(await judge(mail)).toBe('pass')
  })

  it('seals an invalid chain as failed, and no set is added after it', async () => {
    const broken = { ...(await sealed(message)), body: Buffer.from('Changed.\r\n') }
    const ended = await sealed(broken, found('; arc=fail'))
    expect(ended.fields).toContain('cv=fail; d=example.org; i=2;')
    expect(await judge(ended)).toBe('fail')
    expect(await seal(ended, found('; arc=fail'))).toEqual({ kind: 'unsealed', reason: 'its chain has failed before' })
  })

  it('writes cv=fail if no result says that the chain passed', async () => {
    expect((await sealed(await sealed(message), found(''))).fields).toContain('cv=fail')
    const foreign = [...found(''), 'unreadable ; ;; arc=pass']
    expect((await sealed(await sealed(message), foreign)).fields).toContain('cv=fail')
  })

  it.each([
    ['a set that lacks its seal', /^ARC-Seal:(?:.|\r\n\t)*\r\n/m],
    ['a set that lacks its results', /^ARC-Authentication-Results:(?:.|\r\n\t)*\r\n/m],
  ])('says fail over %s, whatever is claimed', async (_, part) => {
    const mail = await sealed(message)
    const header = Buffer.from(mail.header.toString().replace(part, ''))
    expect((await sealed({ ...mail, header }, found('; arc=pass'))).fields).toContain('cv=fail')
  })

  it('says fail over a set that is there twice', async () => {
    const mail = await sealed(message)
    const header = Buffer.concat([Buffer.from(mail.fields), mail.header])
    expect((await sealed({ ...mail, header }, found('; arc=pass'))).fields).toContain('cv=fail; d=example.org; i=2;')
  })

  it.each([MAX_INSTANCE, 51, 99999, 'x'])('is not made behind instance %s', async (instance) => {
    const header = Buffer.concat([Buffer.from(`ARC-Seal: i=${instance}; cv=pass\r\n`), message.header])
    expect(await seal({ ...message, header })).toMatchObject({ kind: 'unsealed' })
  })
})
