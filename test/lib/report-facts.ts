// Facts of a report, for tests: one recipient that does not exist, unless changed.

import type { ReportFacts, ReportRecipient } from '../../src/bounce/report-facts.ts'

export function reportRecipient(changes: Partial<ReportRecipient> = {}): ReportRecipient {
  const address = changes.address ?? 'nobody@uni.example.edu'
  return {
    address,
    original: `rfc822;${address}`,
    action: 'failed',
    status: '5.1.1',
    remoteHost: 'mx.uni.example.edu',
    reply: '550 5.1.1 no such person',
    lastAttemptAt: Date.UTC(2026, 10, 21, 10, 0, 5),
    willRetryUntil: null,
    expired: false,
    ...changes,
  }
}

export function reportFacts(changes: Partial<ReportFacts> = {}): ReportFacts {
  return {
    hostname: 'mta.example.org',
    from: 'postmaster@example.org',
    fromName: 'Mail Delivery System',
    to: 'kim@example.org',
    at: Date.UTC(2026, 10, 21, 10, 0, 6),
    messageId: '<4f1zQ.abc@mta.example.org>',
    boundary: '=_4f1zQ.abc',
    queueId: '4f1zQ',
    arrivedAt: Date.UTC(2026, 10, 21, 10, 0, 0),
    envid: null,
    about: { messageId: '<minutes@example.org>', subject: 'Minutes of Thursday' },
    smtputf8: false,
    recipients: [reportRecipient()],
    returned: {
      header: Buffer.from(
        'From: Kim <kim@example.org>\r\nSubject: Minutes of Thursday\r\nMessage-ID: <minutes@example.org>\r\n\r\n',
      ),
      body: Buffer.from('The minutes are on the wiki.\r\n'),
    },
    ...changes,
  }
}
