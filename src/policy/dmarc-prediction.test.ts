// What is predicted of a forwarded mail: every combination of what the verifying node found.

import { describe, expect, it } from 'vitest'
import { parseResults } from '../message/results-field.ts'
import { readFields } from '../message/header.ts'
import { belowTrace, predictSurvival } from './dmarc-prediction.ts'

function predict(results: string, header = 'From: ann@stranger.example\r\n') {
  const parsed = parseResults(`example.org; ${results}`)
  if (parsed.kind === 'bad') throw new Error(parsed.problem)
  return predictSurvival(parsed.results, readFields(Buffer.from(header)))
}

const dmarc = (result: string, policy = 'reject') =>
  `dmarc=${result} header.from=stranger.example${policy === '' ? '' : ` policy.dmarc=${policy}`}`
const aligned = 'dkim=pass header.d=stranger.example header.s=a1 policy.aligned=yes'
const foreign = 'dkim=pass header.d=mailer.example header.s=m1'

describe('the destination', () => {
  it.each([
    ['passes by an aligned signature', `spf=pass; ${aligned}; ${dmarc('pass')}`],
    ['passes by the aligned one of several', `${foreign}; ${aligned}; ${dmarc('pass', 'quarantine')}`],
    ['passes by it also without a policy to enforce', `${aligned}; ${dmarc('pass', 'none')}`],
    ['passes by it although SPF failed here', `spf=fail; ${aligned}; ${dmarc('pass')}`],
  ])('%s', (_, results) => {
    expect(predict(results)).toMatchObject({ predicted: 'pass', atArrival: 'pass' })
  })

  it.each([
    ['fails where SPF alone was aligned', `spf=pass; dkim=none; ${dmarc('pass')}`, 'pass', 'SPF alone'],
    ['fails where the signature is not aligned', `spf=pass; ${foreign}; ${dmarc('pass')}`, 'pass', 'SPF alone'],
    [
      'fails where the aligned signature is broken',
      `spf=pass; dkim=fail header.d=stranger.example header.s=a1; ${dmarc('pass', 'quarantine')}`,
      'pass',
      'asks for quarantine',
    ],
    ['fails what failed here already', `spf=fail; dkim=none; ${dmarc('fail')}`, 'fail', 'failed here already'],
  ])('%s', (_, results, atArrival, reason) => {
    expect(predict(results)).toEqual({ predicted: 'fail', atArrival, reason: expect.stringContaining(reason) })
  })

  it.each([
    ['without a record', 'spf=pass; dkim=none; dmarc=none header.from=stranger.example', 'unknown', 'no DMARC record'],
    ['with p=none', `spf=pass; dkim=none; ${dmarc('pass', 'none')}`, 'pass', 'p=none'],
    ['with p=none, whatever failed', `spf=fail; ${dmarc('fail', 'none')}`, 'fail', 'p=none'],
    ['where the policy is not told', `spf=pass; ${dmarc('pass', '')}`, 'pass', 'p=none'],
  ])('has nothing to enforce %s', (_, results, atArrival, reason) => {
    expect(predict(results)).toEqual({ predicted: 'no-policy', atArrival, reason: expect.stringContaining(reason) })
  })

  it.each([
    ['nobody checked', 'spf=pass'],
    ['the mail came from one of ours', 'auth=pass smtp.mailfrom=lee@example.org'],
    ['the DNS did not answer', `${aligned}; dmarc=temperror`],
    ['From: was no single author', `${aligned}; dmarc=permerror`],
  ])('is unknown where %s', (_, results) => {
    expect(predict(results)).toMatchObject({ predicted: 'unknown', atArrival: 'unknown' })
  })
})

describe('a signature that seals trace fields', () => {
  const header = (names: string, trace = '') =>
    `${trace}DKIM-Signature: v=1; d=Stranger.example; s=a1;\r\n\th=${names}; b=x\r\nFrom: ann@stranger.example\r\n`
  const results = `spf=pass; ${aligned}; ${dmarc('pass')}`

  it.each(['from:Received', 'from:authentication-results'])('as absent does not outlive us: h=%s', (names) => {
    expect(predict(results, header(names))).toMatchObject({
      predicted: 'fail',
      reason: expect.stringContaining('forbids trace fields'),
    })
  })

  it('as often as they were there is none of our business: the lowest ones are signed', () => {
    const trace = 'Received: from a\r\nReceived: from b\r\n'
    expect(predict(results, header('from:received:received', trace))).toMatchObject({ predicted: 'pass' })
    expect(predict(results, header('from:received:received:received', trace))).toMatchObject({ predicted: 'fail' })
  })

  it('does not matter if it is not the one that counts', () => {
    const other = header('from:received').replace('s=a1', 's=b2')
    expect(predict(results, other)).toMatchObject({ predicted: 'pass' })
  })

  it('does not matter while another aligned one leaves them open', () => {
    const second = 'dkim=pass header.d=stranger.example header.s=b2 policy.aligned=yes'
    expect(predict(`${aligned}; ${second}; ${dmarc('pass')}`, header('from:received'))).toMatchObject({
      predicted: 'pass',
    })
  })
})

describe('the header as the node in front of us saw it', () => {
  const names = (text: string) => belowTrace(readFields(Buffer.from(text))).map((field) => field.raw.toString().trim())

  it('lacks its trace field and its results', () => {
    const text = 'Received: by mx\r\nAuthentication-Results: ours\r\nReceived: by them\r\nFrom: a@b.example\r\n'
    expect(names(text)).toEqual(['Received: by them', 'From: a@b.example'])
  })

  it('keeps the results of others, and lacks nothing else', () => {
    const text =
      'Received: by mx\r\nAuthentication-Results: ours\r\nAuthentication-Results: theirs\r\nFrom: a@b.example\r\n'
    expect(names(text)).toEqual(['Authentication-Results: theirs', 'From: a@b.example'])
    expect(names('Received: by mx\r\nFrom: a@b.example\r\n')).toEqual(['From: a@b.example'])
    expect(names('From: a@b.example\r\n')).toEqual(['From: a@b.example'])
  })
})

describe('a signature over the fields of the spam check', () => {
  const signed = (h: string) =>
    `DKIM-Signature: d=stranger.example; s=a1; h=${h}; b=x\r\nX-Spam-Status: No\r\nFrom: ann@stranger.example\r\n`
  const checked = `spf=pass; ${aligned}; ${dmarc('pass')}; x-spam=no-action policy.score=1`

  it('breaks where a node of ours replaces them', () => {
    expect(predict(checked, signed('from:x-spam-status'))).toMatchObject({ predicted: 'fail', atArrival: 'pass' })
    expect(predict(checked, signed('from:X-Spam-Flag'))).toMatchObject({ predicted: 'fail' })
    expect(predict(checked, signed('from:subject'))).toMatchObject({ predicted: 'pass' })
  })

  it('stays whole where nobody asked the filter', () => {
    expect(predict(`spf=pass; ${aligned}; ${dmarc('pass')}`, signed('from:x-spam-status'))).toMatchObject({
      predicted: 'pass',
    })
  })
})
