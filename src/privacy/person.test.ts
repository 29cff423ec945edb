import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forgetPart, forgetPerson } from './forget-events.ts'
import { personOf } from './person.ts'

const kim = personOf({ name: 'kim@example.org', domain: 'example.org' })
const isIn = (text: string, person = kim) => person.replace(text) !== text

describe('a person is found in each form', () => {
  it.each([
    'kim@example.org',
    'KIM@Example.ORG',
    '<kim@example.org>: unknown',
    'from=<kim@example.org>',
    'from=kim@example.org',
    '"kim"@example.org',
    'alias press@example.org -> kim@example.org (mail.yaml:3)',
    'SRS0=KRtI=JK=example.org=kim@forwards.example',
    'SRS1=x=a.example==KRtI=JK=example.org=kim@forwards.example',
    'wrong password of user:kim, 3 times',
    'user:kim (app phone)',
    'user:"kim"',
    'user:kim@example.org',
    'banned account kim until tomorrow',
    'kim@example.org.',
  ])('in "%s"', (text) => {
    expect(isIn(text)).toBe(true)
    expect(kim.replace(text)).not.toMatch(/kim/i)
  })

  it.each([
    'joe-kim@example.org',
    'kim.b@example.org',
    'mr.kim@example.org',
    'kim+list@example.org',
    'kim@example.org.evil.example',
    'kim@example.organic',
    'kim@sub.example.org',
    'kimberly@example.org',
    'user:kimberly',
    'user:kim.b',
    'a kimono',
    'kim',
    'kim called',
    'account kimberly',
    'SRS0=KRtI=JK=example.org=joe@forwards.example',
  ])('and not in "%s"', (text) => {
    expect(isIn(text)).toBe(false)
    expect(kim.replace(text)).toBe(text)
  })

  it('whose domain has A-labels and U-labels', () => {
    const person = personOf({ name: 'kim@xn--bcher-kva.example', domain: null })
    expect(isIn('to kim@bücher.example and kim@xn--bcher-kva.example', person)).toBe(true)
  })

  it('and is no user where another domain is the main one', () => {
    const person = personOf({ name: 'kim@example.org', domain: 'example.com' })
    expect([isIn('user:kim', person), isIn('user:kim@example.org', person)]).toEqual([false, true])
  })

  it('whose name alone counts in fields for names only: it can be a word of the program', () => {
    const held = personOf({ name: 'held', domain: 'example.org' })
    const event = { kind: 'held', user: 'held', by: 'held', account: 'user:held', sender: 'held@example.org' }
    expect(held.replaceIn(event)).toEqual({
      kind: 'held',
      user: '(erased)',
      by: 'held',
      account: 'user:(erased)',
      sender: '(erased)',
    })
  })
})

it('no address breaks the pattern, and each is found', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }), (local) => {
      const address = `${local.replaceAll('@', '')}x@example.net`
      const person = personOf({ name: address, domain: null })
      return isIn(`<${address}>`, person) && !person.replace(`to <${address}>`).includes(address)
    }),
  )
})

const events = JSON.stringify([
  {
    kind: 'received',
    at: 1,
    queueId: 'q',
    origin: 'user:kim',
    sender: 'kim@example.org',
    remote: 'h[192.0.2.1]',
    helo: 'laptop',
    tls: null,
    size: 3,
    messageId: '<1@x.example>',
  },
  {
    kind: 'resolved',
    at: 1,
    queueId: 'q',
    recipient: 'joe@far.example',
    original: 'press@example.org',
    reversePath: null,
    nextHop: 'mx:far.example',
    steps: ['alias press@example.org -> joe@far.example (mail.yaml:3)'],
  },
])

describe('an entry of the ledger', () => {
  it('forgets addresses and keeps clients and counts', () => {
    expect(JSON.parse(forgetPart(events, 'addresses'))).toEqual([
      {
        kind: 'received',
        at: 1,
        queueId: 'q',
        origin: 'user',
        sender: '(dropped)',
        remote: 'h[192.0.2.1]',
        helo: 'laptop',
        tls: null,
        size: 3,
        messageId: '(dropped)',
      },
      {
        kind: 'resolved',
        at: 1,
        queueId: 'q',
        recipient: '(dropped)',
        original: '(dropped)',
        reversePath: null,
        nextHop: 'mx:far.example',
        steps: ['alias <address> -> <address> (mail.yaml:3)'],
      },
    ])
  })

  it('forgets clients', () => {
    const [received] = JSON.parse(forgetPart(events, 'ips')) as readonly object[]
    expect(received).toMatchObject({ sender: 'kim@example.org', remote: '(dropped)', helo: '(dropped)', size: 3 })
  })

  it('forgets a person, with the clients of the same event', () => {
    const [received, resolved] = JSON.parse(forgetPerson(events, kim) ?? '[]') as readonly object[]
    expect(received).toMatchObject({ origin: 'user:(erased)', sender: '(erased)', remote: '(dropped)' })
    expect(resolved).toMatchObject({ recipient: 'joe@far.example', original: 'press@example.org' })
    expect(forgetPerson(events, personOf({ name: 'ann@example.org', domain: null }))).toBeNull()
  })

  it('of another program stays as it is', () => {
    expect([forgetPart('no JSON', 'ips'), forgetPerson('{}', kim)]).toEqual(['no JSON', null])
  })
})
