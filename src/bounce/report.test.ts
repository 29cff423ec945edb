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
this address. We have given up; the message will not be tried again.

  <nobody@uni.example.edu>
    There is no such mailbox at the recipient's mail server. Please check
    the address for typing errors. If it is right, ask the recipient for a
    current one.

    In the words of the mail system: 550 5.1.1 no such person

A report for mail programs and your message are attached. The number of your
message here is 4f1zQ; please name it if you ask the postmaster.

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
this address yet. You need not do anything: we go on trying and tell you if
we give up.

  <sam@far.example.net>
    The recipient's mail server does not answer. We try until Thu, 26 Nov
    2026 00:00:00 +0000.

    In the words of the mail system: Connection failed: ECONNREFUSED

A report for mail programs and the header of your message are attached. The
number of your message here is 4f1zQ; please name it if you ask the
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
  it('says that time ran out, with the last reply', () => {
    const report = text({
      recipients: [reportRecipient({ status: '4.2.1', reply: '450 4.2.1 greylisted', expired: true })],
    })
    expect(field(report, 'Status')).toEqual(['4.4.7'])
    expect(field(report, 'Action')).toEqual(['failed'])
    expect(field(report, 'Diagnostic-Code')).toEqual(['smtp; 450 4.2.1 greylisted'])
    expect(report).toContain('We tried for as long as we do')
  })

  it('joins a reply of many lines without repeating its codes', () => {
    const reply = '550-5.7.1 first\n550-5.7.1 second\n550 5.7.1 third'
    expect(field(text({ recipients: [reportRecipient({ reply })] }), 'Diagnostic-Code')).toEqual([
      'smtp; 550 5.7.1 first second third',
    ])
  })

  it('keeps the ORCPT that the sender gave', () => {
    const report = text({ recipients: [reportRecipient({ original: 'rfc822;Bob@Example.COM' })] })
    expect(field(report, 'Original-Recipient')).toEqual(['rfc822;Bob@Example.COM'])
  })

  it('cannot be made to start another field by what a server says', () => {
    const report = text({ recipients: [reportRecipient({ reply: '550 no\r\nAction: delivered\nStatus: 2.0.0' })] })
    expect(field(report, 'Action')).toEqual(['failed'])
    expect(field(report, 'Status')).toEqual(['5.1.1'])
  })

  it('leaves out what is not known', () => {
    const report = text({ recipients: [reportRecipient({ remoteHost: null, reply: '' })] })
    expect(report).not.toContain('Remote-MTA')
    expect(report).not.toContain('Diagnostic-Code')
    expect(report).not.toContain('In the words of')
  })

  it('folds long lines', () => {
    const reply = `550 5.7.1 ${'because '.repeat(60)}`
    for (const line of text({ recipients: [reportRecipient({ reply })] }).split('\r\n'))
      expect(line.length).toBeLessThanOrEqual(78)
  })
})

describe('success', () => {
  it('tells what was handed on and what was delivered, without advice', () => {
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

describe('people', () => {
  it('read of each recipient what became of it, where some were delivered and some handed on', () => {
    const recipients = [
      reportRecipient({ action: 'delivered', address: 'list@example.org' }),
      reportRecipient({ action: 'relayed', address: 'sam@far.example.net' }),
    ]
    const words = text({ recipients, returned: withoutBody }).replace(/\s+/g, ' ')
    expect(words).toContain('<list@example.org> The message was delivered.')
    expect(words).toContain('<sam@far.example.net> The message was handed on to the mail server')
    expect(words).not.toContain('was delivered to these addresses')
  })

  it('get no line longer than a mail may have', () => {
    const reply = `550 5.7.1 ${'ä'.repeat(4000)}`
    for (const line of text({ recipients: [reportRecipient({ reply })] }).split('\r\n'))
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998)
  })
})

describe('letters beyond ASCII', () => {
  const umlaut = reportRecipient({ address: 'jörg@far.example.net', reply: '550 5.1.1 jörg ist weg' })

  it('uses the UTF-8 form only if the mail itself came with SMTPUTF8', () => {
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

  it('else writes the address with escapes in the plain form', () => {
    const report = writeReport(reportFacts({ recipients: [umlaut] }))
    expect(report.smtputf8).toBe(false)
    const all = Buffer.concat([report.header, report.body]).toString()
    expect(field(all, 'Final-Recipient')).toEqual(['utf-8;j\\x{F6}rg@far.example.net'])
    expect(field(all, 'Diagnostic-Code')).toEqual(['smtp; 550 5.1.1 j?rg ist weg'])
    expect(all).toContain('Content-Type: message/delivery-status')
  })

  it('stays plain for a mail with SMTPUTF8 in which everything is ASCII', () => {
    expect(writeReport(reportFacts({ smtputf8: true })).smtputf8).toBe(false)
  })

  it('stays plain where only the header of the mail is UTF-8, which comes back with its own type', () => {
    const returned = { header: Buffer.from('Subject: Grüße\r\n\r\n'), body: Buffer.from('Hello.\r\n') }
    const report = writeReport(reportFacts({ smtputf8: true, returned }))
    expect(report.smtputf8).toBe(false)
    const all = Buffer.concat([report.header, report.body]).toString()
    expect(field(all, 'Content-Type').slice(-2)).toEqual(['message/delivery-status', 'message/global'])
    expect(text({ smtputf8: true, returned: { ...returned, body: null } })).toContain('message/global-headers')
  })

  it('labels a returned 8-bit message and keeps its bytes', () => {
    const body = Buffer.from([0x67, 0x72, 0xfc, 0xdf, 0x65, 0x0d, 0x0a])
    const report = writeReport(reportFacts({ returned: { ...reportFacts().returned, body } }))
    expect(report.header.toString()).toContain('Content-Transfer-Encoding: 8bit')
    expect(report.body.includes(body)).toBe(true)
    expect(report.smtputf8).toBe(false)
  })

  it("writes an operator's copy without SMTPUTF8 in ASCII, but for the words for people", () => {
    const operator = { kind: 'copy', sender: 'jörg@example.org' } as const
    const report = text({ to: 'postmaster@example.org', smtputf8: true, operator })
    expect(field(report, 'X-Waypost-Sender')).toEqual(['utf-8;j\\x{F6}rg@example.org'])
    expect(field(report, 'Content-Type')).toContain('message/delivery-status')
  })

  it('escapes what the address type utf-8 wants escaped, be it ASCII', () => {
    const report = text({ recipients: [reportRecipient({ original: 'utf-8;a\\b+c@example.net' })] })
    expect(field(report, 'Original-Recipient')).toEqual(['utf-8;a\\x{5C}b\\x{2B}c@example.net'])
  })

  it('leaves a raw UTF-8 message-id out of an ASCII report', () => {
    const { header } = writeReport(reportFacts({ about: { messageId: '<grüße@example.net>', subject: null } }))
    expect(header.toString()).not.toMatch(/In-Reply-To|References/)
  })

  it('leaves a raw UTF-8 subject out of an ASCII report', () => {
    const about = { messageId: null, subject: 'Grüße' }
    expect(field(text({ about }), 'Subject')[0]).toBe('Undelivered mail returned to sender')
    expect(text({ about })).not.toContain('In-Reply-To')
  })
})
