// Reports as text: two golden ones whole, then the rules one by one.

import { describe, expect, it } from 'vitest'
import { reportFacts, reportRecipient } from '../../test/lib/report-facts.ts'
import { writeReport } from './report.ts'
import type { ReportFacts } from './report-facts.ts'

function text(facts: Partial<ReportFacts> = {}): string {
  const { header, body } = writeReport(reportFacts(facts))
  return Buffer.concat([header, body]).toString('utf8')
}

const field = (report: string, name: string) =>
  [...report.replace(/\r\n[ \t]/g, ' ').matchAll(new RegExp(`^${name}: (.*)\\r$`, 'gm'))].map((match) => match[1])

const failure = `Date: Sat, 21 Nov 2026 10:00:06 +0000
From: Mail Delivery System <postmaster@example.org>
To: <kim@example.org>
Subject: Undelivered mail returned to sender: Minutes of Thursday
Message-ID: <4f1zQ.abc@mta.example.org>
In-Reply-To: <minutes@example.org>
References: <minutes@example.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="=_4f1zQ.abc"

--=_4f1zQ.abc
Content-Type: text/plain; charset=us-ascii
Content-Description: Explanation

This is the mail system at mta.example.org.

Your message of Sat, 21 Nov 2026 10:00:00 +0000 could not be delivered to
this address. We will not try again.

  <nobody@uni.example.edu>
    This mailbox does not exist at the recipient's mail server. Please check
    the address for typing errors. If it is correct, ask the recipient for a
    current address.

    Technical details: 550 5.1.1 no such person

A report for mail programs and your message are attached. The number of your
message is 4f1zQ. Please include it if you contact the postmaster.

--=_4f1zQ.abc
Content-Type: message/delivery-status
Content-Description: Delivery report

Reporting-MTA: dns; mta.example.org
X-Waypost-Queue-Id: 4f1zQ
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000

Original-Recipient: rfc822;nobody@uni.example.edu
Final-Recipient: rfc822;nobody@uni.example.edu
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.uni.example.edu
Diagnostic-Code: smtp; 550 5.1.1 no such person
Last-Attempt-Date: Sat, 21 Nov 2026 10:00:05 +0000

--=_4f1zQ.abc
Content-Type: message/rfc822
Content-Description: The message

From: Kim <kim@example.org>
Subject: Minutes of Thursday
Message-ID: <minutes@example.org>

The minutes are on the wiki.

--=_4f1zQ.abc--
`

const delay = `--=_4f1zQ.abc
Content-Type: text/plain; charset=us-ascii
Content-Description: Explanation

This is the mail system at mta.example.org.

Your message of Sat, 21 Nov 2026 10:00:00 +0000 has not been delivered to
this address yet. You do not need to do anything. We will keep trying, and
we will write to you if it cannot be delivered.

  <sam@far.example.net>
    The recipient's mail server does not answer. We will try until Thu, 26
    Nov 2026 00:00:00 +0000.

    Technical details: Connection failed: ECONNREFUSED

A report for mail programs and the header of your message are attached. The
number of your message is 4f1zQ. Please include it if you contact the
postmaster.

--=_4f1zQ.abc
Content-Type: message/delivery-status
Content-Description: Delivery report

Original-Envelope-Id: QQ314159
Reporting-MTA: dns; mta.example.org
X-Waypost-Queue-Id: 4f1zQ
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000

Original-Recipient: rfc822;sam@far.example.net
Final-Recipient: rfc822;sam@far.example.net
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Waypost; Connection failed: ECONNREFUSED
Last-Attempt-Date: Sat, 21 Nov 2026 10:00:05 +0000
Will-Retry-Until: Thu, 26 Nov 2026 00:00:00 +0000

--=_4f1zQ.abc
Content-Type: text/rfc822-headers
Content-Description: Header of the message

From: Kim <kim@example.org>
Subject: Minutes of Thursday
Message-ID: <minutes@example.org>


--=_4f1zQ.abc--
`

const delayed = reportRecipient({
  address: 'sam@far.example.net',
  action: 'delayed',
  status: '4.4.1',
  reply: 'Connection failed: ECONNREFUSED',
  remoteHost: null,
  willRetryUntil: Date.UTC(2026, 10, 26),
})
const withoutBody = { ...reportFacts().returned, body: null }

describe('golden', () => {
  it('a failure', () => {
    expect(text()).toBe(failure.replaceAll('\n', '\r\n'))
  })

  it('a delay', () => {
    const { body } = writeReport(reportFacts({ recipients: [delayed], returned: withoutBody, envid: 'QQ314159' }))
    expect(body.toString()).toBe(delay.replaceAll('\n', '\r\n'))
  })
})

describe('fields of a recipient', () => {
  it('has status 4.4.7 for an expired recipient, and the last reply', () => {
    const report = text({
      recipients: [reportRecipient({ status: '4.2.1', reply: '450 4.2.1 greylisted', expired: true })],
    })
    expect(field(report, 'Status')).toEqual(['4.4.7'])
    expect(field(report, 'Action')).toEqual(['failed'])
    expect(field(report, 'Diagnostic-Code')).toEqual(['smtp; 450 4.2.1 greylisted'])
    expect(report).toContain('We tried for as long as possible')
  })

  it('does not blame the server of a recipient that an operator returned', () => {
    const recipient = { status: '5.0.0', reply: 'the account was used for spam', remoteHost: null, returned: true }
    const report = text({ recipients: [reportRecipient(recipient)] })
    expect(report).toContain('The operators of this mail server returned the message')
    expect(report).toContain('Reason: the account was used for spam')
    expect(report).not.toMatch(/recipient's mail server|Remote-MTA/)
    expect(field(report, 'Diagnostic-Code')).toEqual(['X-Waypost; the account was used for spam'])
  })

  it('joins a multi-line reply without its repeated codes', () => {
    const reply = '550-5.7.1 first\n550-5.7.1 second\n550 5.7.1 third'
    expect(field(text({ recipients: [reportRecipient({ reply })] }), 'Diagnostic-Code')).toEqual([
      'smtp; 550 5.7.1 first second third',
    ])
  })

  it('keeps the ORCPT of the sender', () => {
    const report = text({ recipients: [reportRecipient({ original: 'rfc822;Bob@Example.COM' })] })
    expect(field(report, 'Original-Recipient')).toEqual(['rfc822;Bob@Example.COM'])
  })

  it('contains no field that the reply of a server adds', () => {
    const report = text({ recipients: [reportRecipient({ reply: '550 no\r\nAction: delivered\nStatus: 2.0.0' })] })
    expect(field(report, 'Action')).toEqual(['failed'])
    expect(field(report, 'Status')).toEqual(['5.1.1'])
  })

  it('has no fields without a value', () => {
    const report = text({ recipients: [reportRecipient({ remoteHost: null, reply: '' })] })
    expect(report).not.toContain('Remote-MTA')
    expect(report).not.toContain('Diagnostic-Code')
    expect(report).not.toContain('Technical details')
  })

  it.each([
    ['4.7.4', 'The server does not offer STARTTLS', 'does not offer the protected transport'],
    ['4.7.5', 'Server certificate not trusted', 'could not be verified'],
  ])('says of %s why the message waits, and not that the recipient refused it', (status, reply, words) => {
    const report = text({ recipients: [reportRecipient({ action: 'delayed', status, reply, remoteHost: null })] })
    const shown = report.replaceAll(/\s+/g, ' ')
    expect(shown).toContain(words)
    expect(shown).toContain(reply)
    expect(shown).not.toContain('rejected')
  })

  it('folds long lines', () => {
    const reply = `550 5.7.1 ${'because '.repeat(60)}`
    for (const line of text({ recipients: [reportRecipient({ reply })] }).split('\r\n'))
      expect(line.length).toBeLessThanOrEqual(78)
  })
})

describe('success', () => {
  it('distinguishes relayed and delivered, without advice', () => {
    for (const action of ['relayed', 'delivered'] as const) {
      const report = text({
        recipients: [reportRecipient({ action, status: '2.0.0', reply: '250 ok' })],
        returned: withoutBody,
      })
      expect(field(report, 'Action')).toEqual([action])
      expect(field(report, 'Subject')[0]).toBe('Mail delivery report: Minutes of Thursday')
      expect(report).not.toContain('Please check')
    }
  })
})

describe('the text for people', () => {
  it('names the result of each recipient if some were delivered and some relayed', () => {
    const recipients = [
      reportRecipient({ action: 'delivered', address: 'list@example.org' }),
      reportRecipient({ action: 'relayed', address: 'sam@far.example.net' }),
    ]
    const words = text({ recipients, returned: withoutBody }).replace(/\s+/g, ' ')
    expect(words).toContain('<list@example.org> The message was delivered.')
    expect(words).toContain('<sam@far.example.net> The message was passed to the mail server')
    expect(words).not.toContain('was delivered to these addresses')
  })

  it('has no line that exceeds the limit of a message', () => {
    const reply = `550 5.7.1 ${'ä'.repeat(4000)}`
    for (const line of text({ recipients: [reportRecipient({ reply })] }).split('\r\n'))
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998)
  })
})

describe('text beyond ASCII', () => {
  const umlaut = reportRecipient({ address: 'jörg@far.example.net', reply: '550 5.1.1 jörg ist weg' })

  it('is in the UTF-8 form only if the message came with SMTPUTF8', () => {
    const report = writeReport(reportFacts({ smtputf8: true, recipients: [umlaut] }))
    expect(report.smtputf8).toBe(true)
    const all = Buffer.concat([report.header, report.body]).toString()
    expect(all).toContain('report-type=global-delivery-status')
    expect(all).toContain('Content-Type: message/global-delivery-status')
    expect(all).toContain('Content-Type: message/global\r\n')
    expect(field(all, 'Final-Recipient')).toEqual(['utf-8;jörg@far.example.net'])
    expect(field(all, 'Diagnostic-Code')).toEqual(['smtp; 550 5.1.1 jörg ist weg'])
    expect(field(all, 'Content-Transfer-Encoding')).toContain('8bit')
  })

  it('is escaped in addresses of the plain form', () => {
    const report = writeReport(reportFacts({ recipients: [umlaut] }))
    expect(report.smtputf8).toBe(false)
    const all = Buffer.concat([report.header, report.body]).toString()
    expect(field(all, 'Final-Recipient')).toEqual(['utf-8;j\\x{F6}rg@far.example.net'])
    expect(field(all, 'Diagnostic-Code')).toEqual(['smtp; 550 5.1.1 j?rg ist weg'])
    expect(all).toContain('Content-Type: message/delivery-status')
  })

  it('does not need the UTF-8 form if all addresses are ASCII', () => {
    expect(writeReport(reportFacts({ smtputf8: true })).smtputf8).toBe(false)
  })

  it('in the header alone gives the returned part its own type, not the DSN', () => {
    const returned = { header: Buffer.from('Subject: Grüße\r\n\r\n'), body: Buffer.from('Hello.\r\n') }
    const report = writeReport(reportFacts({ smtputf8: true, returned }))
    expect(report.smtputf8).toBe(false)
    const all = Buffer.concat([report.header, report.body]).toString()
    expect(field(all, 'Content-Type').slice(-2)).toEqual(['message/delivery-status', 'message/global'])
    expect(text({ smtputf8: true, returned: { ...returned, body: null } })).toContain('message/global-headers')
  })

  it('in a returned 8-bit message is labelled and unchanged', () => {
    const body = Buffer.from([0x67, 0x72, 0xfc, 0xdf, 0x65, 0x0d, 0x0a])
    const report = writeReport(reportFacts({ returned: { ...reportFacts().returned, body } }))
    expect(report.header.toString()).toContain('Content-Transfer-Encoding: 8bit')
    expect(report.body.includes(body)).toBe(true)
    expect(report.smtputf8).toBe(false)
  })

  it('is in the text for people only in a copy for the operator without SMTPUTF8', () => {
    const operator = { kind: 'copy', sender: 'jörg@example.org' } as const
    const report = text({ to: 'postmaster@example.org', smtputf8: true, operator })
    expect(field(report, 'X-Waypost-Sender')).toEqual(['utf-8;j\\x{F6}rg@example.org'])
    expect(field(report, 'Content-Type')).toContain('message/delivery-status')
  })

  it('is escaped as the address type utf-8 requires, also ASCII characters', () => {
    const report = text({ recipients: [reportRecipient({ original: 'utf-8;a\\b+c@example.net' })] })
    expect(field(report, 'Original-Recipient')).toEqual(['utf-8;a\\x{5C}b\\x{2B}c@example.net'])
  })

  it('in a Message-ID is left out of an ASCII report', () => {
    const { header } = writeReport(reportFacts({ about: { messageId: '<grüße@example.net>', subject: null } }))
    expect(header.toString()).not.toMatch(/In-Reply-To|References/)
  })

  it('in a subject is left out of an ASCII report', () => {
    const about = { messageId: null, subject: 'Grüße' }
    expect(field(text({ about }), 'Subject')[0]).toBe('Undelivered mail returned to sender')
    expect(text({ about })).not.toContain('In-Reply-To')
  })
})
