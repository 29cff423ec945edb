import { describe, expect, it } from 'vitest'
import type { Authentication } from './authentication.ts'
import { settingsOf } from './rspamd-settings.ts'

const verified: Authentication = {
  spf: { result: 'pass', domain: 'sender.example', explanation: null },
  dkim: [],
  dmarc: {
    result: 'none',
    domain: 'author.example',
    policy: null,
    authors: [],
    problem: null,
    spfAligned: false,
    dkimAligned: false,
  },
  arc: { result: 'none' },
  results: '',
}
const signature = { result: 'pass', domain: 'signer.example', selector: 's1', aligned: false, comment: null } as const

const symbols = (change: Partial<Authentication>) =>
  JSON.parse(settingsOf({ ...verified, ...change }) ?? '{}').symbols as Record<string, { options: string[] }>
const names = (change: Partial<Authentication>) => Object.keys(symbols(change))

describe('the settings for rspamd', () => {
  it('have the result of each part, and switch off the modules that would look it up again', () => {
    expect(JSON.parse(settingsOf({ ...verified, dkim: [signature] }) ?? '')).toEqual({
      symbols_disabled: ['SPF_CHECK', 'DKIM_CHECK', 'DMARC_CHECK', 'ARC_CHECK'],
      symbols: {
        R_SPF_ALLOW: { score: 1, options: ['sender.example'] },
        R_DKIM_ALLOW: { score: 1, options: ['signer.example:s=s1'] },
        DKIM_TRACE: { score: 1, options: ['signer.example:+'] },
        DMARC_NA: { score: 1, options: ['author.example'] },
        ARC_NA: { score: 1, options: [] },
      },
    })
  })

  it.each([
    ['fail', 'R_SPF_FAIL'],
    ['softfail', 'R_SPF_SOFTFAIL'],
    ['neutral', 'R_SPF_NEUTRAL'],
    ['none', 'R_SPF_NA'],
    ['temperror', 'R_SPF_DNSFAIL'],
    ['permerror', 'R_SPF_PERMFAIL'],
  ] as const)('SPF %s is %s', (result, symbol) => {
    expect(names({ spf: { ...verified.spf, result } })).toContain(symbol)
  })

  it.each([
    ['reject', 'DMARC_POLICY_REJECT'],
    ['quarantine', 'DMARC_POLICY_QUARANTINE'],
    ['none', 'DMARC_POLICY_SOFTFAIL'],
  ] as const)('DMARC fail with the policy %s is %s', (policy, symbol) => {
    expect(names({ dmarc: { ...verified.dmarc, result: 'fail', policy } })).toContain(symbol)
  })

  it('has each signature, up to a number, by its result', () => {
    const dkim = [
      signature,
      { ...signature, result: 'fail', domain: 'b.example' },
      { ...signature, result: 'fail', domain: 'c.example' },
    ] as const
    expect(symbols({ dkim })).toMatchObject({
      R_DKIM_ALLOW: { options: ['signer.example:s=s1'] },
      R_DKIM_REJECT: { options: ['b.example:s=s1', 'c.example:s=s1'] },
      DKIM_TRACE: { options: ['signer.example:+', 'b.example:-', 'c.example:-'] },
    })
    expect(symbols({ dkim: Array.from({ length: 50 }, () => signature) })['R_DKIM_ALLOW']?.options).toHaveLength(10)
    expect(names({ dkim: [] })).toContain('R_DKIM_NA')
  })

  it('has no text of strangers', () => {
    const hostile = 'a"},\r\nPassword: x\u202e.example'
    const text = settingsOf({
      ...verified,
      spf: { ...verified.spf, domain: hostile },
      dkim: [{ ...signature, selector: hostile }],
      dmarc: { ...verified.dmarc, domain: hostile },
    })
    expect(text).not.toContain('Password')
    expect(text).toMatch(/^[ -~]+$/)
  })

  it('are absent if the node could not verify the message', () => {
    expect(settingsOf({ ...verified, shortage: 'no place' })).toBeNull()
  })
})
