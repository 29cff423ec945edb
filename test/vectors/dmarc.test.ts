// The tree-walk situations of RFC 9989, run through our DMARC evaluation and our DNS.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DKIMVerifyResult, SPFResult } from 'mailauth'
import { type Authority, startAuthority } from '../../src/demo/authority.ts'
import { createStubResolver } from '../../src/dns/stub.ts'
import { evaluateDmarcPolicy } from '../../src/filter/dmarc.ts'
import { createMailauthResolver } from '../../src/filter/mailauth-adapter.ts'
import { suite } from './suites.ts'

interface Situation {
  readonly id: string
  readonly zone: Record<string, readonly string[]>
  readonly from: string
  readonly spf: { readonly domain: string; readonly result: string } | null
  readonly dkim: readonly { readonly domain: string; readonly result: string }[]
  readonly walks: Record<string, { readonly queries: readonly string[]; readonly org: string }>
  readonly expect: {
    readonly spf_aligned?: boolean
    readonly dkim_aligned?: readonly boolean[]
    readonly policy_domain?: string | null
    readonly policy?: string
    readonly result?: string
  }
}

let dns: Authority
beforeAll(async () => {
  dns = await startAuthority()
})
afterAll(() => dns.close())

function evaluate(from: string, situation?: Pick<Situation, 'spf' | 'dkim'>) {
  const stub = createStubResolver({ servers: [dns], timeoutMs: 2_000, tries: 1, trustAuthentic: false })
  const results = (situation?.dkim ?? []).map((one) => ({ signingDomain: one.domain, status: { result: one.result } }))
  const spf = situation?.spf ?? { domain: 'elsewhere.invalid', result: 'none' }
  return evaluateDmarcPolicy({
    shown: { addresses: [`someone@${from}`], domains: [from], problem: null },
    spf: { domain: spf.domain, status: { result: spf.result } } as SPFResult,
    signatures: { results } as unknown as DKIMVerifyResult,
    resolver: createMailauthResolver(stub),
  })
}

describe('DMARC tree walks', () => {
  const text = suite('dmarc/tree-walk.jsonl')
  const lines = text === null ? [] : text.split('\n').filter((line) => line !== '')
  const situations = lines.map((line) => JSON.parse(line) as Situation)

  test.skipIf(text === null)('are complete', () => {
    expect(situations).toHaveLength(7)
  })

  test.skipIf(situations.length === 0).each(situations)('$id', async (situation) => {
    dns.zone.clear()
    for (const [name, records] of Object.entries(situation.zone)) dns.zone.set(name, { TXT: records })
    for (const [domain, walk] of Object.entries(situation.walks)) {
      const before = dns.questions.length
      const found = await evaluate(domain)
      const asked = dns.questions.slice(before).map((question) => question.split(' ')[0])
      expect(asked).toEqual(walk.queries)
      if (found.kind === 'evaluated' && found.author.result !== 'none')
        expect(found.author.organizationalDomain).toBe(walk.org)
    }
    const finding = await evaluate(situation.from, situation)
    if (finding.kind !== 'evaluated') throw new Error(`not evaluated: ${finding.reason}`)
    const found = finding.author
    const wanted = situation.expect
    if (wanted.result !== undefined) expect(found.result).toBe(wanted.result)
    if (wanted.policy !== undefined) expect(found.policy).toBe(wanted.policy)
    if (wanted.policy_domain !== undefined) expect(found.policyDomain).toBe(wanted.policy_domain)
    if (wanted.spf_aligned !== undefined) expect(found.spfAligned).toBe(wanted.spf_aligned)
    if (wanted.dkim_aligned !== undefined) {
      expect(situation.dkim.map((one) => found.alignedSigners.has(one.domain))).toEqual(wanted.dkim_aligned)
    }
  })
})
