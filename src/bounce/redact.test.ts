// What servers really say when they refuse, and what of it may reach the sender when the recipient is private.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainRecipient } from '../smtp/envelope.ts'
import type { NoticeRecipient } from '../queue/contract/queue.ts'
import { disclose, discloseHeader } from './redact.ts'

function recipient(changes: Partial<NoticeRecipient> = {}): NoticeRecipient {
  return {
    recipientId: 1,
    address: 'jane.doe77@gmail.com',
    original: 'press@example.org',
    reversePath: 'SRS0=abcd=YZ=sender.example=kim@srs.example.org',
    nextHop: 'mx:gmail.com',
    private: true,
    parameters: plainRecipient,
    status: '5.1.1',
    reply: '550 5.1.1 no such user',
    host: 'gmail-smtp-in.l.google.com[142.250.153.27]:25',
    lastAttemptAt: 0,
    expiresAt: 0,
    expired: false,
    ...changes,
  }
}

const said = (reply: string, changes: Partial<NoticeRecipient> = {}) => disclose(recipient({ reply, ...changes })).reply

describe('the returned header', () => {
  const header = Buffer.from(
    'Received: from mx.example.org by srs.example.org id Q1\r\n for <Jane.Doe77@gmail.com>; today\r\nDelivered-To: <jane.doe77@gmail.com>\r\nReceived: by far \xff\r\nTo: jane.doe77@gmail.com\r\n\r\n',
    'latin1',
  )

  it('names the destination only where the sender did', () => {
    expect(discloseHeader(header, [recipient()]).toString('latin1')).toBe(
      'Received: from mx.example.org by srs.example.org id Q1\r\n for <[hidden]>; today\r\nDelivered-To: <[hidden]>\r\nReceived: by far \xff\r\nTo: jane.doe77@gmail.com\r\n\r\n',
    )
  })

  it('is unchanged if no recipient is private', () => {
    expect(discloseHeader(header, [recipient({ private: false })])).toBe(header)
  })
})

describe('a recipient that is not private', () => {
  it('is unchanged, with its host', () => {
    const open = recipient({ private: false, reply: '550 5.1.1 <jane.doe77@gmail.com> unknown' })
    expect(disclose(open)).toEqual({
      address: 'jane.doe77@gmail.com',
      host: 'gmail-smtp-in.l.google.com',
      reply: '550 5.1.1 <jane.doe77@gmail.com> unknown',
    })
    expect(disclose(recipient({ private: false, host: '/run/lists.sock' })).host).toBeNull()
    expect(disclose(recipient({ private: false, host: null })).host).toBeNull()
  })

  it('hides a private recipient of the same transaction', () => {
    const open = recipient({ private: false, reply: '550 5.7.1 <jane.doe77@gmail.com>, <Kim@gmail.com>: spam' })
    const secret = recipient({ address: 'kim@gmail.com' })
    expect(disclose(open, [open, secret]).reply).toBe('550 5.7.1 <jane.doe77@gmail.com>, <[hidden]>: spam')
  })
})

describe('a private recipient', () => {
  it('is named by the address that the sender used, without a host', () => {
    expect(disclose(recipient())).toEqual({ address: 'press@example.org', host: null, reply: '550 5.1.1 no such user' })
  })

  it.each([
    ['rfc822;team@example.org', 'team@example.org'],
    ['utf-8;bücher@example.org', 'bücher@example.org'],
    ['x400;/c=de/', '/c=de/'],
    ['rfc822; ', '[hidden]'],
    [null, 'jane.doe77@gmail.com'],
  ])('that a fleet node sent as forward-path is named by its ORCPT %j: %s', (orcpt, named) => {
    const handed = recipient({ original: 'jane.doe77@gmail.com', parameters: { notify: [], orcpt } })
    expect(disclose(handed).address).toBe(named)
  })

  it('is not named by an ORCPT of the sender', () => {
    const parameters = { notify: [], orcpt: 'rfc822;other@example.net' }
    expect(disclose(recipient({ parameters })).address).toBe('press@example.org')
  })

  it.each([
    '550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient. For more information, go to\n550 5.1.1  https://support.google.com/mail/?p=NoSuchUser ffacd0b85a97d-38f259',
    '550 5.1.1 <jane.doe77@gmail.com>: Recipient address rejected: User unknown in virtual mailbox table',
    '550 5.1.1 JANE.DOE77@GMAIL.COM is not known here',
    '554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.25',
    '550 5.7.1 [2001:db8::25] Our system has detected that this message is likely suspicious',
    '421 4.7.0 mx1.gmail.com closing connection to [142.250.153.27]',
    '550 mailbox jane.doe77 is unavailable',
    '552 5.2.2 Over quota for jane.doe77+lists@gmail.com (google)',
    '451 4.3.0 SRS0=abcd=YZ=sender.example=kim@srs.example.org greylisted at gmail-smtp-in.l.google.com[142.250.153.27]:25',
    'Connection lost at DATA: write to 142.250.153.27:25 failed',
    'Server certificate not trusted: Host: gmail-smtp-in.l.google.com. is not in the cert',
    '550 5.1.1 user "jane.doe77"@gmail.com unknown',
  ])('hides its destination in: %s', (reply) => {
    const text = said(reply)
    for (const secret of [
      /jane/i,
      /doe77/i,
      /gmail/i,
      /google/i,
      /142\.250/,
      /192\.0\.2/,
      /2001:db8/,
      /@/,
      /spamhaus/,
      /SRS0/,
    ]) {
      expect(text).not.toMatch(secret)
    }
  })

  it.each<[string, RegExp, Partial<NoticeRecipient>]>([
    ["550 5.1.1 <jane.o'neil@corp.example>: unknown", /jane|neil/, { address: "jane.o'neil@corp.example" }],
    ["550 5.1.1 <ann.o'hara@corp.example>: unknown", /ann|hara/, {}],
    ['550 5.1.1 no mailbox jane doe here', /jane|doe/, { address: '"jane doe"@corp.example' }],
    ['550 5.7.1 [IPv6:2a00:1450:4013:0c03:0000:0000:0000:001a] blocked', /2a00|1a\b/, {}],
    ['550 5.7.1 [IPv6:2a00:1450:4013:c03:1:2:3:1a] blocked', /2a00|1a\b/, {}],
    ['550 5.7.1 2a00:1450:4013:c03::1a: blocked', /2a00|1a\b/, {}],
    ['550 5.7.1 client:2a00:1450:4013:c03::1a', /2a00|1a\b/, {}],
    ['550 5.7.1 ::ffff:198.51.100.7 blocked', /ffff|198/, {}],
    ['550 5.7.1 ip-142-250-153-27 is not ours', /142|250/, {}],
    ['550 5.4.4 пример.рф has no mailboxes', /пример/, { address: 'kim@xn--e1afmkfd.xn--p1ai', host: null }],
    ['550 5.4.4 no mailboxes at пример', /пример/, { address: 'kim@xn--e1afmkfd.xn--p1ai', host: null }],
    ['550 5.4.4 über.example has no mailboxes', /ü/, {}],
    ['550 5.1.1 jo\u0308rg unknown', /rg/, { address: 'jörg@corp.example' }],
    ['550-5.1.1 no such mailbox: jane.\n550 5.1.1 doe77@gmail.com', /jane|doe/, {}],
    ['550-no such mailbox: jane.d\n550 oe77', /jane|oe77/, {}],
    [`550 5.1.1 ${'x '.repeat(992)}jane.doe77@gmail.com`, /jan/, {}],
    [`550 5.1.1 ${'x '.repeat(991)}142.250.153.27`, /142/, {}],
  ])('hides all of it in: %s', (reply, secret, changes) => {
    expect(said(reply, changes)).not.toMatch(secret)
  })

  it('keeps code, status and text', () => {
    expect(said('550 5.1.1 <jane.doe77@gmail.com>: Recipient address rejected: User unknown')).toBe(
      '550 5.1.1 <[hidden]>: Recipient address rejected: User unknown',
    )
    expect(said('452 4.2.2 The mailbox is full at 12:30:15')).toBe('452 4.2.2 The mailbox is full at 12:30:15')
    expect(said('554 5.6.0 Mail::Delivery said: no, a bad face')).toBe('554 5.6.0 Mail::Delivery said: no, a bad face')
  })

  it('does not mask parts of words if the local part is short', () => {
    expect(said('550 5.1.1 no such mailbox', { address: 'no@su.example' })).toBe('550 5.1.1 no such mailbox')
  })

  it('never shows address, domain or host, at any place of the reply', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{3,9}$/)
    const filler = fc.constantFrom('', ' ', '<', '>', ': ', '"', "'", '\n550 5.1.1 ', ' (', ')', ', ', '=', ';')
    fc.assert(
      fc.property(word, word, word, fc.array(filler, { minLength: 6, maxLength: 6 }), (local, domain, host, gaps) => {
        fc.pre(!['hidden', 'user', 'unknown'].some((common) => [local, domain, host].includes(common)))
        const address = `${local}@${domain}.example`
        const name = `${host}.${domain}.example`
        const parts = [address, name, '198.51.100.7', `[${address}]`, local]
        const reply = `550 5.1.1 ${parts.map((part, i) => `${gaps[i]}${part}`).join('')}${gaps[5]} user unknown`
        // Glued to each other without any sign between them they are no longer what they were.
        fc.pre(!gaps.slice(1, 5).includes(''))
        const text = said(reply, { address, host: `${name}[198.51.100.7]:25`, original: 'a@b.example' })
        expect(text).not.toContain(address)
        expect(text).not.toContain(`${domain}.example`)
        expect(text).not.toContain('198.51.100.7')
        expect(text.split(/[^a-z0-9]+/)).not.toContain(local)
      }),
    )
  })
})
