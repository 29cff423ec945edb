import { describe, expect, test } from 'vitest'
import { authorFinding, findings, ownNames, samplePolicy, unaligned } from '../../../test/lib/authentication-samples.ts'
import { mailFacts } from '../../../test/lib/check-facts.ts'
import type { Authentication, AuthorFinding } from '../../filter/authentication.ts'
import { judgeAuthors } from './author-policy.ts'
import type { AuthorPolicy } from './author-policy.ts'

const reject = { policy: 'reject', organizationalDomain: 'example.org' } as const

/** A message whose From: has these authors, each with its finding. */
function judge(
  from: string,
  authors: readonly AuthorFinding[],
  change: {
    readonly policy?: Partial<AuthorPolicy>
    readonly found?: Partial<Authentication>
    readonly problem?: string
  } = {},
) {
  const [first, ...others] = authors
  const several = others.length > 0
  const known = several || !first ? { result: 'permerror' as const, domain: null, policy: null } : first
  const problem = change.problem ?? (several ? 'several author domains' : null)
  const dmarc = { ...unaligned, ...known, severalAuthors: several, authors, problem }
  const found = findings({ dmarc, ...change.found })
  return judgeAuthors({ ...samplePolicy, ...change.policy }, found, mailFacts(`From: ${from}`))
}

const refusedWith = (code: number, enhanced: string) => ({ verdict: { reply: { code, enhanced } } })
const accepted = { verdict: { kind: 'accept' } }

describe('mail that fails DMARC for a domain of ours', () => {
  const boss = 'boss@example.org'

  test.each(['quarantine', 'reject'] as const)('is refused under p=%s, whatever applies to others', (policy) => {
    expect(judge(boss, [authorFinding('example.org', 'fail', { policy })])).toMatchObject(refusedWith(550, '5.7.26'))
    expect(judge('ceo@bank.example', [authorFinding('bank.example', 'fail', { policy })])).toMatchObject(accepted)
  })

  test.each([
    ['hr.example.org', 'example.org'],
    ['example.org', 'example.org'],
  ])('also for %s', (domain, organizationalDomain) => {
    const author = authorFinding(domain, 'fail', { ...reject, organizationalDomain })
    expect(judge(`boss@${domain}`, [author])).toMatchObject(refusedWith(550, '5.7.26'))
  })

  test('also for a domain that shares the organizational domain with ours, and for no other neighbour', () => {
    const names = () => ownNames('dept.university.example')
    const ownDomains = { ...samplePolicy.ownDomains, names }
    const by = (organizationalDomain: string) => {
      const author = authorFinding('other.university.example', 'fail', { policy: 'reject', organizationalDomain })
      return judge('x@other.university.example', [author], { policy: { ownDomains } })
    }
    expect(by('university.example')).toMatchObject(refusedWith(550, '5.7.26'))
    expect(by('other.university.example')).toMatchObject(accepted)
  })

  test.each([
    ['fail', 'none'],
    ['none', null],
  ] as const)('is accepted with a note where the result is %s and the policy %s', (result, policy) => {
    expect(judge(boss, [authorFinding('example.org', result, { policy })])).toMatchObject({
      ...accepted,
      notes: [
        { check: 'own-author', result: 'unproven', detail: expect.stringContaining(`example.org: dmarc=${result}`) },
      ],
    })
  })

  test('is accepted with a note where the operator carries it', () => {
    const policy = { ownDomains: { ...samplePolicy.ownDomains, refuse: false } }
    expect(judge(boss, [authorFinding('example.org', 'fail', reject)], { policy })).toMatchObject({
      ...accepted,
      notes: [{ detail: 'example.org: dmarc=fail p=reject, accepted because of dmarc.own_domains: carry' }],
    })
  })

  test('is noted a few times only, however many authors there are', () => {
    const policy = { ownDomains: { ...samplePolicy.ownDomains, refuse: false } }
    const authors = Array.from({ length: 1000 }, (_, n) => authorFinding(`x${n}.example.org`, 'permerror'))
    expect(judge(boss, authors, { policy }).notes.length).toBeLessThan(10)
  })

  test.each([true, false])('is 451 while it is undecided, refused otherwise or not: %s', (refuse) => {
    const policy = { ownDomains: { ...samplePolicy.ownDomains, refuse } }
    expect(judge(boss, [authorFinding('example.org', 'temperror')], { policy })).toMatchObject(
      refusedWith(451, '4.7.1'),
    )
    // The time was up before DMARC was evaluated.
    const late = { dmarc: { ...unaligned, result: 'temperror', domain: null, policy: null } } as const
    expect(judge(boss, [], { policy, found: late })).toMatchObject(refusedWith(451, '4.7.1'))
    expect(judge('ann@stranger.example', [], { policy, found: late })).toMatchObject(accepted)
  })

  test('passes if DMARC does, without a note', () => {
    expect(judge(boss, [authorFinding('example.org', 'pass', reject)])).toEqual({
      verdict: { kind: 'accept' },
      notes: [],
    })
  })

  test('cannot hide behind another author, also not behind many', () => {
    const eve = authorFinding('evil.example', 'pass', { policy: 'none' })
    const own = authorFinding('example.org', 'fail', reject)
    expect(judge(`eve@evil.example, ${boss}`, [eve, own])).toMatchObject(refusedWith(550, '5.7.26'))
    expect(judge('x', [eve, authorFinding('example.org', 'permerror')])).toMatchObject(refusedWith(550, '5.7.26'))
  })
})

describe('an outside service', () => {
  const service = { authors: ['news@example.org'], spf: '*.crm.example', dkim: 'news.example' }
  const own = authorFinding('example.org', 'fail', reject)
  const spf = { result: 'pass', domain: 'b7.crm.example', explanation: null } as const
  const signature = { result: 'pass', domain: 'news.example', selector: 's', aligned: false, comment: null } as const
  const by = (from: string, found: Partial<Authentication>, more: object = {}) => {
    const services = [{ ...service, ...more }]
    return judge(from, [own], { policy: { ownDomains: { ...samplePolicy.ownDomains, services } }, found: { ...found } })
  }
  // The findings of `judge` have the DMARC part; these add SPF and DKIM to it.
  const beside = (parts: Partial<Authentication>) => ({
    ...parts,
    dmarc: { ...unaligned, ...own, severalAuthors: false, authors: [own], problem: null },
  })

  test('is accepted with what it must prove, with a note', () => {
    expect(by('news@example.org', beside({ spf, dkim: [signature] }))).toMatchObject({
      ...accepted,
      notes: [{ detail: expect.stringContaining('with SPF for b7.crm.example and with a signature of news.example') }],
    })
    expect(by('news@example.org', beside({ spf }), { dkim: undefined })).toMatchObject(accepted)
    expect(by('news@example.org', beside({ dkim: [signature] }), { spf: undefined })).toMatchObject(accepted)
    expect(by('any@example.org', beside({ spf, dkim: [signature] }), { authors: ['example.org'] })).toMatchObject(
      accepted,
    )
  })

  test.each([
    ['another author', 'boss@example.org', { spf, dkim: [signature] }],
    ['only one of two proofs', 'news@example.org', { spf }],
    ['SPF that does not pass', 'news@example.org', { spf: { ...spf, result: 'softfail' as const }, dkim: [signature] }],
    ['SPF of another domain', 'news@example.org', { spf: { ...spf, domain: 'evilcrm.example' }, dkim: [signature] }],
    ['a signature that fails', 'news@example.org', { spf, dkim: [{ ...signature, result: 'fail' as const }] }],
    ['a signature of a subdomain', 'news@example.org', { spf, dkim: [{ ...signature, domain: 'x.news.example' }] }],
  ])('is no hole: %s', (_, from, parts) => {
    expect(by(from, beside(parts))).toMatchObject(refusedWith(550, '5.7.26'))
  })

  test('is no hole for an author who is not clear, nor without any proof', () => {
    const found = beside({ spf, dkim: [signature] })
    expect(by('news@example.org, boss@example.org', found)).toMatchObject(refusedWith(550, '5.7.26'))
    expect(by('news@example.org>', found)).toMatchObject(refusedWith(550, '5.7.26'))
    expect(by('news@example.org', found, { spf: undefined, dkim: undefined })).toMatchObject(refusedWith(550, '5.7.26'))
  })
})

describe('an author who is not clear', () => {
  const problem = 'angle bracket that closes nothing'
  const at = (result: AuthorFinding['result'], policy: AuthorFinding['policy']) =>
    judge('ceo@bank.example>', [authorFinding('bank.example', result, { policy })], { problem })

  test('is judged by the policy of the domain that programs show, also where others are only recorded', () => {
    expect(at('fail', 'reject')).toMatchObject(refusedWith(550, '5.7.26'))
    expect(at('fail', 'quarantine')).toMatchObject(refusedWith(550, '5.7.26'))
    expect(at('temperror', null)).toMatchObject(refusedWith(451, '4.7.1'))
  })

  test.each([
    ['pass', 'reject'],
    ['fail', 'none'],
    ['none', null],
  ] as const)('is accepted with a note where the result is %s and the policy %s', (result, policy) => {
    const detail = `bank.example, From: ${problem}`
    expect(at(result, policy)).toMatchObject({ ...accepted, notes: [{ check: 'unclear-author', result, detail }] })
  })

  test.each([
    ['several authors', [authorFinding('a.example', 'none'), authorFinding('b.example', 'pass')]],
    ['no author', []],
  ])('%s: by configuration, never without a note', (_, authors) => {
    const ruled = judge('x', authors, { problem })
    expect(ruled).toMatchObject({ ...accepted, notes: [{ check: 'unclear-author', result: 'permerror' }] })
    expect(judge('x', authors, { problem, policy: { refuseUnclear: true } })).toMatchObject(refusedWith(550, '5.7.1'))
  })

  test('one of several with a policy that refuses is enough', () => {
    const authors = [authorFinding('evil.example', 'pass'), authorFinding('bank.example', 'fail', { policy: 'reject' })]
    expect(judge('x', authors)).toMatchObject(refusedWith(550, '5.7.26'))
  })
})
