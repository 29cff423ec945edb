// What the configuration means for forwards: the domain, the keys, and the warning without a key.

import { describe, expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { readFields } from '../message/header.ts'
import { buildForwardPolicy, forwardWarnings, sealSettings } from './forward-settings.ts'

function config(changes: Partial<Record<keyof Config, unknown>> = {}): Config {
  return {
    file: 'node.yaml',
    domain: 'example.org',
    authserv_id: 'example.org',
    srs: { domain: 'srs.example.org', secrets: ['s'], max_age: 1 },
    forwards: { when_dmarc_would_fail: 'rewrite-from', spam_ceiling: 6 },
    arc: { seal: false },
    dmarc: { unclear_author: 'wrap' },
    role: { sign: 'proven-origin', srs: { rewrite: true, reverse: false }, recipients: { forwards: 'resolve' } },
    ...changes,
  } as unknown as Config
}

const signsFor = (domain: string) => domain.endsWith('example.org')
const parts = { router: { isOurs: (domain: string) => domain === 'example.org' }, signer: { signsFor } }
const fields = readFields(Buffer.from('From: ann@stranger.example\r\n'))
const results = 'example.org; dmarc=pass header.from=stranger.example policy.dmarc=reject'

function treatment(changes: Partial<Record<keyof Config, unknown>> = {}) {
  const judgement = buildForwardPolicy(config(changes), parts).judge({ fields, origin: { kind: 'internet' }, results })
  return judgement.decide({ action: null })?.treatment
}

describe('the domain of rewritten authors', () => {
  it('is the configured one, else that of SRS, else the main domain', () => {
    const domainOf = (changes: Partial<Record<keyof Config, unknown>>) =>
      buildForwardPolicy(config(changes), parts).domain
    expect(domainOf({})).toBe('srs.example.org')
    expect(domainOf({ srs: null })).toBe('example.org')
    expect(domainOf({ forwards: { when_dmarc_would_fail: 'wrap', domain: 'fwd.example.org' } })).toBe('fwd.example.org')
  })
})

describe('the treatment', () => {
  it('is the configured one', () => {
    expect(treatment()).toBe('rewrite-from')
    expect(treatment({ forwards: { when_dmarc_would_fail: 'reject' } })).toBe('reject')
  })

  it('of an unclear author is the configured one', () => {
    const unclear = (unclear_author: string) => {
      const policy = buildForwardPolicy(config({ dmarc: { unclear_author } }), parts)
      return policy.judge({ fields: [], origin: { kind: 'internet' }, results }).decide({ action: null })?.treatment
    }
    expect([unclear('wrap'), unclear('refuse')]).toEqual(['wrap', 'reject'])
  })

  it('is to pass if the role does not sign', () => {
    const role = { sign: 'never', srs: { rewrite: true }, recipients: { forwards: 'resolve' } }
    expect(treatment({ role })).toBe('pass')
  })
})

describe('a warning', () => {
  const noKey = { signsFor: () => false }

  it('is given if no key permits the treatment', () => {
    expect(forwardWarnings(config(), noKey)).toEqual([
      { file: 'node.yaml', line: 1, column: 1, message: expect.stringContaining('no key signs for srs.example.org') },
    ])
  })

  it.each([
    ['a key signs', {}, { signsFor }],
    ['the mail is forwarded unchanged anyway', { forwards: { when_dmarc_would_fail: 'pass' } }, noKey],
    ['it is rejected', { forwards: { when_dmarc_would_fail: 'reject' } }, noKey],
    ['another node forwards', { role: { ...config().role, recipients: { forwards: 'relay-to-srs' } } }, noKey],
    ['nothing is forwarded', { role: { ...config().role, srs: { rewrite: false } } }, noKey],
  ])('is not given if %s', (_, changes, signer) => {
    expect(forwardWarnings(config(changes), signer)).toEqual([])
  })
})

it('sealing is off by default, and uses the domain of rewritten authors', () => {
  expect(sealSettings(config())).toEqual({})
  expect(sealSettings(config({ arc: { seal: true } }))).toEqual({
    seal: { domain: 'srs.example.org', authservId: 'example.org' },
  })
})
