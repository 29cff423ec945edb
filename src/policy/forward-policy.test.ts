// What is chosen for a forwarded mail: every wish against every prediction, and who is never touched.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFields } from '../message/header.ts'
import type { Origin } from '../smtp/origin.ts'
import { createForwardStrategist } from './forward-policy.ts'
import type { StrategistSettings, Treatment } from './forward-policy.ts'

const settings: StrategistSettings = {
  authservId: 'example.org',
  domain: 'srs.example.org',
  via: 'example.org',
  usual: 'rewrite-from',
  usualCeiling: 6,
  isOurs: (domain) => domain === 'example.org',
  signs: (domain) => domain === 'srs.example.org',
}
const mx: Origin = { kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }
const treatments: readonly Treatment[] = ['pass', 'rewrite-from', 'wrap', 'refuse']

const bySpf = 'spf=pass; dkim=none; dmarc=pass header.from=stranger.example policy.dmarc=reject'
const bySignature = `spf=pass; dkim=pass header.d=stranger.example header.s=a policy.aligned=yes; dmarc=pass header.from=stranger.example policy.dmarc=reject`
const forged = 'spf=fail; dkim=none; dmarc=fail header.from=stranger.example policy.dmarc=reject'
const harmless = 'spf=pass; dkim=none; dmarc=pass header.from=stranger.example policy.dmarc=none'

function header(results: string, from = 'Ann <ann@stranger.example>') {
  return `Received: by mx\r\nAuthentication-Results: example.org; ${results}\r\nReceived: by them\r\nFrom: ${from}\r\n`
}

function choose(results: string, wish: Treatment | null = null, changes: Partial<StrategistSettings> = {}) {
  const fields = readFields(Buffer.from(header(results)))
  const judgement = createForwardStrategist({ ...settings, ...changes }).judge({ fields, origin: mx, results: null })
  return judgement.choose({ action: wish && { treatment: wish, source: 'mail.yaml:7' } })
}

describe('a mail that passed by SPF alone', () => {
  it.each(treatments)('is treated as the forward wants: %s', (wish) => {
    expect(choose(bySpf, wish)).toEqual({
      treatment: wish,
      because: 'dmarc',
      reason: expect.stringContaining(`${wish} by mail.yaml:7`),
    })
  })

  it.each(treatments)('is treated as the node is configured where data say nothing: %s', (usual) => {
    expect(choose(bySpf, null, { usual })).toEqual({
      treatment: usual,
      because: 'dmarc',
      reason: expect.stringContaining(`${usual} by configuration`),
    })
  })

  it('passes where no key could sign what we would write', () => {
    for (const wish of ['rewrite-from', 'wrap'] as const)
      expect(choose(bySpf, wish, { signs: () => false })).toEqual({
        treatment: 'pass',
        because: 'dmarc',
        reason: expect.stringContaining('no key signs for srs.example.org'),
      })
    expect(choose(bySpf, 'refuse', { signs: () => false })).toMatchObject({ treatment: 'refuse' })
  })
})

describe('a mail that failed here already', () => {
  it('never gets our name', () => {
    for (const wish of ['rewrite-from', 'wrap'] as const)
      expect(choose(forged, wish)).toEqual({
        treatment: 'pass',
        because: 'dmarc',
        reason: expect.stringContaining('failed here'),
      })
  })

  it('may be refused', () => {
    expect(choose(forged, 'refuse')).toMatchObject({ treatment: 'refuse' })
  })
})

it('what survives, or has nothing to survive, passes whatever is wanted', () => {
  const results = fc.constantFrom(
    bySignature,
    harmless,
    'auth=pass',
    'dmarc=temperror',
    'dmarc=none header.from=x.example',
  )
  fc.assert(
    fc.property(results, fc.constantFrom(...treatments, null), (found, wish) => {
      expect(choose(found, wish)).toMatchObject({ treatment: 'pass', reason: expect.stringContaining('predicted') })
    }),
  )
})

describe('whose mail is judged at all', () => {
  const judge = (from: string, origin: Origin = mx, results: string | null = null) =>
    createForwardStrategist(settings).judge({ fields: readFields(Buffer.from(header(bySpf, from))), origin, results })
      .dmarc

  it('that of one foreign author', () => {
    expect(judge('Ann <Ann@Stranger.example>')).toMatchObject({ author: 'Ann@stranger.example' })
  })

  it.each([
    ['an author of ours', 'board@example.org'],
    ['two authors', 'ann@stranger.example, bob@stranger.example'],
    ['nobody readable', 'ann@stranger.example <bob@stranger.example'],
    ['nobody', ''],
  ])('not that of %s', (_, from) => {
    expect(judge(from)).toBeNull()
  })

  it('by what this very node found, where it verified the mail itself', () => {
    const own = `example.org;\r\n\tdmarc=fail header.from=stranger.example policy.dmarc=reject`
    expect(judge('ann@stranger.example', { kind: 'internet' }, own)?.survival).toMatchObject({ atArrival: 'fail' })
  })

  it('never by what a stranger wrote into the header', () => {
    expect(judge('ann@stranger.example', { kind: 'internet' })?.survival).toMatchObject({ predicted: 'unknown' })
  })
})

describe('spam', () => {
  const spam = (score: string) => `${bySignature}; x-spam=add-header policy.score=${score}`
  const action = null

  it('at or above the ceiling is refused, whatever DMARC would say', () => {
    expect(choose(spam('9.1'))).toEqual({
      treatment: 'refuse',
      because: 'spam',
      reason: 'spam score 9.1 at or above 6 by configuration',
    })
    expect(choose(spam('5.99'))).toMatchObject({ treatment: 'pass', because: 'dmarc' })
  })

  it('is no matter of who wrote it: an author of ours, or nobody readable', () => {
    for (const from of ['board@example.org', 'ann@stranger.example, bob@stranger.example', '']) {
      const fields = readFields(Buffer.from(header(spam('9.1'), from)))
      const judgement = createForwardStrategist(settings).judge({ fields, origin: mx, results: null })
      expect(judgement.choose({ action })).toMatchObject({ because: 'spam' })
      const harmlessFields = readFields(Buffer.from(header(spam('1'), from)))
      expect(
        createForwardStrategist(settings)
          .judge({ fields: harmlessFields, origin: mx, results: null })
          .choose({ action }),
      ).toBeNull()
    }
  })

  it('is believed from the mx only', () => {
    const fields = readFields(Buffer.from(header(spam('9.1'))))
    const by = (origin: Origin, results: string | null = null) =>
      createForwardStrategist(settings).judge({ fields, origin, results }).choose({ action })
    expect(by({ kind: 'internet' })).toMatchObject({ because: 'dmarc' })
    expect(by({ kind: 'internet' }, 'example.org; x-spam=add-header policy.score=8')).toMatchObject({ because: 'spam' })
    expect(by({ kind: 'internet' }, 'example.org; x-spam=temperror')).toMatchObject({ because: 'dmarc' })
  })

  it('is refused for the next node where all its forwards would refuse it', () => {
    const fields = readFields(Buffer.from('From: ann@stranger.example\r\n'))
    const results = 'example.org; x-spam=add-header policy.score=8'
    const judgement = createForwardStrategist(settings).judge({ fields, origin: { kind: 'internet' }, results })
    const high = { action, ceiling: { score: 10, source: 'mail.yaml:3' } }
    expect(judgement.chooseHandedOver([{ action }])).toMatchObject({ treatment: 'refuse', because: 'spam' })
    expect(judgement.chooseHandedOver([{ action }, high])).toBeNull()
  })
})
