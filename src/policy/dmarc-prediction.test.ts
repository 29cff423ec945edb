// The prediction for every combination of results of the verifying node.

import { describe, expect, it } from 'vitest'
import { parseResults } from '../message/results-field.ts'
import { readFields } from '../message/header.ts'
import { belowTrace, predictDmarc } from './dmarc-prediction.ts'

function predict(results: string, header = 'From: ann@stranger.example\r\n') {
  const parsed = parseResults(`example.org; ${results}`)
  if (parsed.kind === 'bad') throw new Error(parsed.problem)
  return predictDmarc(parsed.results, readFields(Buffer.from(header)))
}

const dmarc = (result: string, policy = 'reject') =>
  `dmarc=${result} header.from=stranger.example${policy === '' ? '' : ` policy.dmarc=${policy}`}`
const aligned = 'dkim=pass header.d=stranger.example header.s=a1 policy.aligned=yes'
const foreign = 'dkim=pass header.d=mailer.example header.s=m1'

describe('the destination', () => {
  it.each([
    ['passes by an aligned signature', `spf=pass; ${aligned}; ${dmarc('pass')}`],
    ['passes by one aligned signature of several', `${foreign}; ${aligned}; ${dmarc('pass', 'quarantine')}`],
    ['passes by an aligned signature also with p=none', `${aligned}; ${dmarc('pass', 'none')}`],
    ['passes by an aligned signature although SPF failed on arrival', `spf=fail; ${aligned}; ${dmarc('pass')}`],
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
      'policy p=quarantine',
    ],
    ['fails what failed on arrival', `spf=fail; dkim=none; ${dmarc('fail')}`, 'fail', 'failed on arrival'],
  ])('%s', (_, results, atArrival, reason) => {
    expect(predict(results)).toEqual({ predicted: 'fail', atArrival, reason: expect.stringContaining(reason) })
  })

  it.each([
    ['without a record', 'spf=pass; dkim=none; dmarc=none header.from=stranger.example', 'unknown', 'no DMARC record'],
    ['with p=none', `spf=pass; dkim=none; ${dmarc('pass', 'none')}`, 'pass', 'p=none'],
    ['with p=none after a failure on arrival', `spf=fail; ${dmarc('fail', 'none')}`, 'fail', 'p=none'],
    ['where the results name no policy', `spf=pass; ${dmarc('pass', '')}`, 'pass', 'p=none'],
  ])('has no policy to enforce %s', (_, results, atArrival, reason) => {
    expect(predict(results)).toEqual({ predicted: 'no-policy', atArrival, reason: expect.stringContaining(reason) })
  })

  it.each([
    ['DMARC was not checked', 'spf=pass'],
    ['a fleet node authenticated the client', 'auth=pass smtp.mailfrom=lee@example.org'],
    ['the DNS did not answer', `${aligned}; dmarc=temperror`],
    ['From: has several authors', `${aligned}; dmarc=permerror`],
  ])('is unknown where %s', (_, results) => {
    expect(predict(results)).toMatchObject({ predicted: 'unknown', atArrival: 'unknown' })
  })
})

describe('a signature over trace fields', () => {
  const header = (names: string, trace = '') =>
    `${trace}DKIM-Signature: v=1; d=Stranger.example; s=a1;\r\n\th=${names}; b=x\r\nFrom: ann@stranger.example\r\n`
  const results = `spf=pass; ${aligned}; ${dmarc('pass')}`

  it.each(['from:Received', 'from:authentication-results'])('that signs them as absent breaks: h=%s', (names) => {
    expect(predict(results, header(names))).toMatchObject({
      predicted: 'fail',
      reason: expect.stringContaining('covers trace fields'),
    })
  })

  it('that signs the existing ones stays valid: the lowest ones are signed', () => {
    const trace = 'Received: from a\r\nReceived: from b\r\n'
    expect(predict(results, header('from:received:received', trace))).toMatchObject({ predicted: 'pass' })
    expect(predict(results, header('from:received:received:received', trace))).toMatchObject({ predicted: 'fail' })
  })

  it('has no effect if it has another selector', () => {
    const other = header('from:received').replace('s=a1', 's=b2')
    expect(predict(results, other)).toMatchObject({ predicted: 'pass' })
  })

  it('has no effect if another aligned signature does not cover them', () => {
    const second = 'dkim=pass header.d=stranger.example header.s=b2 policy.aligned=yes'
    expect(predict(`${aligned}; ${second}; ${dmarc('pass')}`, header('from:received'))).toMatchObject({
      predicted: 'pass',
    })
  })
})

describe('the header as the peer received it', () => {
  const names = (text: string) => belowTrace(readFields(Buffer.from(text))).map((field) => field.raw.toString().trim())

  it('has neither its Received field nor its results', () => {
    const text = 'Received: by mx\r\nAuthentication-Results: ours\r\nReceived: by them\r\nFrom: a@b.example\r\n'
    expect(names(text)).toEqual(['Received: by them', 'From: a@b.example'])
  })

  it('keeps the results of other hosts and every other field', () => {
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

  it('breaks where a fleet node replaces them', () => {
    expect(predict(checked, signed('from:x-spam-status'))).toMatchObject({ predicted: 'fail', atArrival: 'pass' })
    expect(predict(checked, signed('from:X-Spam-Flag'))).toMatchObject({ predicted: 'fail' })
    expect(predict(checked, signed('from:subject'))).toMatchObject({ predicted: 'pass' })
  })

  it('stays valid where no spam filter was asked', () => {
    expect(predict(`spf=pass; ${aligned}; ${dmarc('pass')}`, signed('from:x-spam-status'))).toMatchObject({
      predicted: 'pass',
    })
  })
})
