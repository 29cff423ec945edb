// How rules match and what they change, with rules of the test.

import { describe, expect, it } from 'vitest'
import { applyRule } from './apply-reply-rules.ts'
import { outcomeOf } from './delivery-outcome.ts'
import { createReplyRules, type ReplyRule } from './reply-rules.ts'
import type { PeerReply, Phase } from '../smtp-client/transport.ts'

const said: PeerReply = { code: 450, enhanced: '4.7.1', verbatim: '450-4.7.1 Not\n450 4.7.1   today, Kim' }
const where = { host: 'mx1.mail.example', phase: 'rcpt' as Phase }

function find(...rules: Partial<ReplyRule>[]) {
  const whole = rules.map((rule, i): ReplyRule => ({ name: `rule-${i}`, class: 'policy', ...rule }))
  return createReplyRules(whole).classify(said, where)?.rule ?? null
}

describe('a rule', () => {
  it.each<[Partial<ReplyRule>, boolean]>([
    [{}, true],
    [{ code: ['450'] }, true],
    [{ code: ['45x'] }, true],
    [{ code: ['4xx', '550'] }, true],
    [{ code: ['451', '5xx'] }, false],
    [{ status: ['4.7.1'] }, true],
    [{ status: ['*.7.*'] }, true],
    [{ status: ['4.7.11'] }, false],
    [{ host: ['mx1.mail.example'] }, true],
    [{ host: ['*.mail.example'] }, true],
    [{ host: ['*.MAIL.example'] }, true],
    [{ host: ['mail.example'] }, false],
    [{ host: ['*.ail.example'] }, false],
    [{ at: ['mail', 'rcpt'] }, true],
    [{ at: ['dot'] }, false],
    [{ text: /^not today, kim$/iu }, true],
    [{ text: /4\.7\.1/iu }, false],
    [{ code: ['450'], text: /tomorrow/iu }, false],
  ])('%j matches: %s', (rule, matches) => {
    expect(find(rule) !== null).toBe(matches)
  })

  it('does not match addresses in a reply, which the sender chooses', () => {
    const rules = createReplyRules([{ name: 'list', class: 'blocked', text: /spamhaus/iu, pause: 60_000 }])
    const hit = (words: string) => rules.classify({ ...said, verbatim: `450 ${words}` }, where) !== null
    for (const address of [
      '<spamhaus@a.example>',
      '<"by spamhaus"@a.example>',
      '<a@spamhaus.example>',
      'spamhaus@a.example',
      '"by; spamhaus"@a.example',
    ])
      expect(hit(`${address}: unknown user`)).toBe(false)
    expect(hit('<a@b.example>: blocked using zen.spamhaus.org')).toBe(true)
    expect(hit('refused (a@b.example:spamhaus)')).toBe(true)
  })

  it('precedes the rules after it', () => {
    expect(find({ code: ['5xx'] }, { text: /today/iu }, {})).toBe('rule-1')
  })

  it('for the reply to the message also matches a reply before its end', () => {
    const rules = createReplyRules([{ name: 'content', class: 'spam', at: ['dot'] }])
    expect(rules.classify(said, { ...where, phase: 'body' })?.rule).toBe('content')
  })

  it('for a status does not match a reply without one', () => {
    const rules = createReplyRules([{ name: 'any', class: 'policy', status: ['*.*.*'] }])
    expect(rules.classify({ ...said, enhanced: '' }, where)).toBeNull()
  })

  it('gives the operator its advice and contact', () => {
    const rule: ReplyRule = { name: 'a', class: 'blocked', advice: 'Ask them.', contact: 'https://ask.example/' }
    expect(createReplyRules([rule]).classify(said, where)?.advice).toBe('Ask them. See https://ask.example/')
  })
})

describe('an outcome', () => {
  const facts = { host: 'mx1.mail.example[192.0.2.1]:25', tls: null, dsnPassedOn: false, lmtp: false, recipients: 1 }
  const at = { now: 1000, attempt: 1 }

  function outcome(code: number, rule: Partial<ReplyRule>, attempt = 1) {
    const reply = { code, enhanced: `${Math.floor(code / 100)}.7.1`, verbatim: `${code} no` }
    const plain = outcomeOf({ kind: 'refused', phase: 'rcpt', reply }, facts)
    const found = createReplyRules([{ name: 'it', class: 'greylisted', ...rule }]).classify(reply, where)
    if (!found || plain.kind === 'delivered') throw new Error('no rule fits')
    return applyRule(plain, found, { ...at, attempt })
  }

  it('without effects of the rule only gets a class', () => {
    expect(outcome(450, {})).toMatchObject({
      kind: 'deferred',
      scope: 'recipient',
      retryAt: null,
      replyClass: 'greylisted',
    })
    expect(outcome(550, {})).toMatchObject({
      kind: 'failed',
      scope: 'recipient',
      status: '5.7.1',
      replyClass: 'greylisted',
    })
  })

  it('is temporary or permanent if the rule says so', () => {
    expect(outcome(550, { treat: 'temporary' })).toMatchObject({ kind: 'deferred', status: '4.7.1', reply: '550 no' })
    expect(outcome(450, { treat: 'permanent' })).toMatchObject({ kind: 'failed', status: '5.7.1', reply: '450 no' })
  })

  it('has the scope and the next attempt of the rule', () => {
    expect(outcome(450, { scope: 'site', retry: 60_000 })).toMatchObject({ scope: 'site', retryAt: 61_000 })
  })

  it('follows the retry schedule after several attempts with the same rule', () => {
    expect(outcome(450, { retry: 60_000 }, 6)).toMatchObject({ retryAt: 61_000 })
    expect(outcome(450, { retry: 60_000 }, 7)).toMatchObject({ retryAt: null })
  })
})
