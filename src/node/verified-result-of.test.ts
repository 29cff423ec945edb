// Which messages a DMARC report of this node is about, and what it says.

import { expect, it } from 'vitest'
import type { Authentication, AuthorFinding } from '../filter/authentication.ts'
import type { Mail } from '../policy/check.ts'
import { REPORTS_HOP } from '../smtp/nexthop.ts'
import { verifiedResultOf } from './verified-result-of.ts'

const author: AuthorFinding = {
  domain: 'News.author.example',
  result: 'fail',
  organizationalDomain: 'author.example',
  policy: 'reject',
  policyDomain: 'author.example',
  spfAligned: false,
  strictSpf: false,
}
const found = (changes: Partial<AuthorFinding> = {}, more: readonly AuthorFinding[] = []): Authentication => ({
  spf: { result: 'fail', domain: 'bounce.example', explanation: null },
  dkim: [{ result: 'pass', domain: 'x.example', selector: 's', aligned: false, comment: null }],
  dmarc: {
    result: 'fail',
    domain: 'news.author.example',
    policy: 'reject',
    authors: [{ ...author, ...changes }, ...more],
    problem: null,
    spfAligned: false,
    dkimAligned: false,
  },
  arc: { result: 'none' },
  results: '',
})
const resolutionTo = (nextHop: string) =>
  ({ kind: 'destinations', destinations: [{ nextHop }] }) as unknown as Mail['resolutions'][number]
const mail = {
  resolutions: [resolutionTo('peers:srs')],
  session: { remoteIp: '::ffff:192.0.2.1' } as Mail['session'],
  sender: 'a@bounce.example',
  at: Date.UTC(2026, 10, 28, 23, 59),
}

it('says what was found and done', () => {
  expect(verifiedResultOf(mail, found(), true)).toEqual({
    day: '2026-11-28',
    policyDomain: 'author.example',
    organization: 'author.example',
    source: '192.0.2.1',
    headerFrom: 'news.author.example',
    envelopeFrom: 'bounce.example',
    disposition: 'reject',
    dkim: false,
    spf: false,
    reason: null,
    signatures: [{ domain: 'x.example', selector: 's', result: 'pass' }],
    spfResult: 'fail',
  })
})

it('names the disposition as RFC 9990', () => {
  const of = (changes: Partial<AuthorFinding>) => {
    const one = verifiedResultOf(mail, found(changes), false)
    return [one?.disposition, one?.reason]
  }
  expect(of({})).toEqual(['none', 'local_policy'])
  expect(of({ policy: 'none' })).toEqual(['none', null])
  expect(of({ result: 'pass' })).toEqual(['pass', null])
  expect(of({ result: 'pass', policy: 'none' })).toEqual(['none', null])
})

it('is about no reports, unclear authors, domains without a record, or unfinished checks', () => {
  const reports = { ...mail, resolutions: [resolutionTo(REPORTS_HOP)] }
  expect([
    verifiedResultOf(reports, found(), false),
    verifiedResultOf(mail, found({}, [author]), false),
    verifiedResultOf(mail, found({ policyDomain: null }), false),
    verifiedResultOf(mail, found({ result: 'temperror' }), false),
    verifiedResultOf({ ...mail, session: null }, found(), false),
  ]).toEqual([null, null, null, null, null])
})

it('has no sender of a bounce', () => {
  expect(verifiedResultOf({ ...mail, sender: null }, found(), false)?.envelopeFrom).toBe('')
})
