// The decision for forwarded mail: every action with every prediction, and mail that is never changed.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFields } from '../message/header.ts'
import type { Origin } from '../smtp/origin.ts'
import { createForwardPolicy } from './forward-policy.ts'
import type { ForwardPolicySettings, Treatment } from './forward-policy.ts'

const settings: ForwardPolicySettings = {
  authservId: 'example.org',
  domain: 'srs.example.org',
  via: 'example.org',
  defaultTreatment: 'rewrite-from',
  defaultCeiling: 6,
  unclearAuthor: 'wrap',
  isOurs: (domain) => domain === 'example.org',
  signs: (domain) => domain === 'srs.example.org',
}
const mx: Origin = { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }
const treatments: readonly Treatment[] = ['pass', 'rewrite-from', 'wrap', 'reject']

const bySpf = 'spf=pass; dkim=none; dmarc=pass header.from=stranger.example policy.dmarc=reject'
const bySignature = `spf=pass; dkim=pass header.d=stranger.example header.s=a policy.aligned=yes; dmarc=pass header.from=stranger.example policy.dmarc=reject`
const forged = 'spf=fail; dkim=none; dmarc=fail header.from=stranger.example policy.dmarc=reject'
const harmless = 'spf=pass; dkim=none; dmarc=pass header.from=stranger.example policy.dmarc=none'

function header(results: string, from = 'Ann <ann@stranger.example>') {
  return `Received: by mx\r\nAuthentication-Results: example.org; ${results}\r\nReceived: by them\r\nFrom: ${from}\r\n`
}

function decide(results: string, treatment: Treatment | null = null, changes: Partial<ForwardPolicySettings> = {}) {
  const fields = readFields(Buffer.from(header(results)))
  const judgement = createForwardPolicy({ ...settings, ...changes }).judge({ fields, origin: mx, results: null })
  return judgement.decide({ action: treatment && { treatment, source: 'mail.yaml:7' } })
}

describe('a message that passed by SPF alone', () => {
  it.each(treatments)('gets the treatment of the forward: %s', (treatment) => {
    expect(decide(bySpf, treatment)).toEqual({
      treatment,
      cause: 'dmarc',
      reason: expect.stringContaining(`${treatment} by mail.yaml:7`),
    })
  })

  it.each(treatments)(
    'gets the treatment of the configuration where routing data have none: %s',
    (defaultTreatment) => {
      expect(decide(bySpf, null, { defaultTreatment })).toEqual({
        treatment: defaultTreatment,
        cause: 'dmarc',
        reason: expect.stringContaining(`${defaultTreatment} by configuration`),
      })
    },
  )

  it('passes where no key can sign for the new author', () => {
    for (const treatment of ['rewrite-from', 'wrap'] as const)
      expect(decide(bySpf, treatment, { signs: () => false })).toEqual({
        treatment: 'pass',
        cause: 'dmarc',
        reason: expect.stringContaining('no key signs for srs.example.org'),
      })
    expect(decide(bySpf, 'reject', { signs: () => false })).toMatchObject({ treatment: 'reject' })
  })
})

describe('a message that failed on arrival', () => {
  it('never gets our author address', () => {
    for (const treatment of ['rewrite-from', 'wrap'] as const)
      expect(decide(forged, treatment)).toEqual({
        treatment: 'pass',
        cause: 'dmarc',
        reason: expect.stringContaining('failed DMARC on arrival'),
      })
  })

  it('can be refused', () => {
    expect(decide(forged, 'reject')).toMatchObject({ treatment: 'reject' })
  })
})

it('a message that passes, or has no policy, passes with every action', () => {
  const results = fc.constantFrom(
    bySignature,
    harmless,
    'auth=pass',
    'dmarc=temperror',
    'dmarc=none header.from=x.example',
  )
  fc.assert(
    fc.property(results, fc.constantFrom(...treatments, null), (found, treatment) => {
      expect(decide(found, treatment)).toMatchObject({
        treatment: 'pass',
        reason: expect.stringContaining('predicted'),
      })
    }),
  )
})

describe('DMARC is judged', () => {
  const judge = (from: string, origin: Origin = mx, results: string | null = null) =>
    createForwardPolicy(settings).judge({ fields: readFields(Buffer.from(header(bySpf, from))), origin, results }).dmarc

  it('for one foreign author', () => {
    expect(judge('Ann <Ann@Stranger.example>')).toMatchObject({ author: 'Ann@stranger.example' })
  })

  it.each([
    ['two authors of one domain', 'ann@stranger.example, bob@stranger.example'],
    ['a field that only a tolerant reader can read', 'Stranger, Ann [HR] <ann@stranger.example'],
  ])('for %s', (_, from) => {
    expect(judge(from)).toMatchObject({ author: 'ann@stranger.example', prediction: { predicted: 'fail' } })
  })

  it.each([
    ['an author of ours', 'board@example.org'],
    ['two authors', 'ann@stranger.example, bob@elsewhere.example'],
    ['an empty field', ''],
  ])('not for %s', (_, from) => {
    expect(judge(from)).toBeNull()
  })

  it('by the results of this node, where it verified the message', () => {
    const own = `example.org;\r\n\tdmarc=fail header.from=stranger.example policy.dmarc=reject`
    expect(judge('ann@stranger.example', { kind: 'internet' }, own)?.prediction).toMatchObject({ atArrival: 'fail' })
  })

  it('not by results that came in the header from the internet', () => {
    expect(judge('ann@stranger.example', { kind: 'internet' })?.prediction).toMatchObject({ predicted: 'unknown' })
  })
})

describe('an author who is not clear', () => {
  const judge = (from: string, origin: Origin = mx, changes: Partial<ForwardPolicySettings> = {}) =>
    createForwardPolicy({ ...settings, ...changes }).judge({
      fields: readFields(Buffer.from(header(bySpf, from))),
      origin,
      results: null,
    })
  const unclear = [
    'ann@stranger.example, bob@elsewhere.example',
    'ann@stranger.example <bob@elsewhere.example>',
    '',
    'MAILER-DAEMON',
  ]

  it.each(unclear)('is wrapped, or refused by configuration: %s', (from) => {
    expect(judge(from).decide({ action: null })).toEqual({
      treatment: 'wrap',
      cause: 'unclear-author',
      reason: expect.stringMatching(/^the author is not clear: From: .*; wrap by configuration$/),
    })
    const refusing = judge(from, mx, { unclearAuthor: 'reject' })
    expect(refusing.decide({ action: null })).toMatchObject({ treatment: 'reject', cause: 'unclear-author' })
    const byForward = { action: { treatment: 'reject', source: 'mail.yaml:7' } } as const
    expect(judge(from).decide(byForward)).toMatchObject({
      treatment: 'reject',
      reason: expect.stringContaining('mail.yaml:7'),
    })
  })

  it('is never passed as it is, whatever the forward configures, with or without a key', () => {
    const pass = { action: { treatment: 'pass', source: 'mail.yaml:7' } } as const
    for (const from of unclear) expect(judge(from, mx, { signs: () => false }).decide(pass)?.treatment).toBe('wrap')
  })

  it('is for an authenticated client to decide', () => {
    const lee: Origin = { kind: 'peer', role: 'mx', vouched: 'authenticated' }
    for (const origin of [lee, { kind: 'user', identity: 'lee' } as const])
      expect(judge('lee@example.org, press@elsewhere.example', origin).decide({ action: null })).toBeNull()
  })

  it('that fails the policy of the domain that programs show is refused', () => {
    const results = 'example.org; dmarc=fail header.from=stranger.example policy.dmarc=reject'
    const fields = readFields(Buffer.from('From: ann@stranger.example>\r\n'))
    const judgement = createForwardPolicy(settings).judge({ fields, origin: { kind: 'internet' }, results })
    expect(judgement.decide({ action: null })).toMatchObject({ treatment: 'reject', cause: 'unclear-author' })
  })
})

describe('spam', () => {
  const spam = (score: string) => `${bySignature}; x-spam=add-header policy.score=${score}`
  const action = null

  it('at or above the ceiling is refused with any DMARC result', () => {
    expect(decide(spam('9.1'))).toEqual({
      treatment: 'reject',
      cause: 'spam',
      reason: 'spam score 9.1 at or above 6 by configuration',
    })
    expect(decide(spam('5.99'))).toMatchObject({ treatment: 'pass', cause: 'dmarc' })
  })

  it('is refused for every author: ours, several, or none', () => {
    const judge = (score: string, from: string) => {
      const fields = readFields(Buffer.from(header(spam(score), from)))
      return createForwardPolicy(settings).judge({ fields, origin: mx, results: null }).decide({ action })
    }
    for (const from of ['board@example.org', 'ann@stranger.example, bob@elsewhere.example', ''])
      expect(judge('9.1', from)).toMatchObject({ cause: 'spam' })
    expect(judge('1', 'board@example.org')).toBeNull()
  })

  it('is read from the results of the verifying node only', () => {
    const fields = readFields(Buffer.from(header(spam('9.1'))))
    const by = (origin: Origin, results: string | null = null) =>
      createForwardPolicy(settings).judge({ fields, origin, results }).decide({ action })
    expect(by({ kind: 'internet' })).toMatchObject({ cause: 'dmarc' })
    expect(by({ kind: 'internet' }, 'example.org; x-spam=add-header policy.score=8')).toMatchObject({ cause: 'spam' })
    expect(by({ kind: 'internet' }, 'example.org; x-spam=temperror')).toMatchObject({ cause: 'dmarc' })
  })

  it('is refused here if every forward of the next node would refuse it', () => {
    const fields = readFields(Buffer.from('From: ann@stranger.example\r\n'))
    const results = 'example.org; x-spam=add-header policy.score=8'
    const judgement = createForwardPolicy(settings).judge({ fields, origin: { kind: 'internet' }, results })
    const high = { action, ceiling: { score: 10, source: 'mail.yaml:3' } }
    expect(judgement.decideRelayed([{ action }])).toMatchObject({ treatment: 'reject', cause: 'spam' })
    expect(judgement.decideRelayed([{ action }, high])).toBeNull()
  })
})
