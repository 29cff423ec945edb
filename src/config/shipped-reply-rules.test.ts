// The shipped reply rules on replies of common mail servers and providers, paraphrased with their codes, form and significant words.

import { describe, expect, it } from 'vitest'
import { createReplyRules } from '../delivery/attempt/reply-rules.ts'
import type { PeerReply, Phase } from '../delivery/smtp-client/transport.ts'
import type { ReplyClass } from '../smtp/reply-class.ts'
import { loadShippedReplyRules } from './reply-rules-file.ts'
import { processorMs } from '../../test/lib/processor-time.ts'

const defaults = loadShippedReplyRules()
const rules = createReplyRules(defaults)

function reply(verbatim: string): PeerReply {
  const code = Number(verbatim.slice(0, 3))
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(verbatim)?.[1] ?? ''
  return { code, enhanced, verbatim }
}

const classify = (verbatim: string, host = 'mx.example.net', phase: Phase = 'rcpt') =>
  rules.classify(reply(verbatim), { host, phase })

const GOOGLE = 'gmail-smtp-in.l.google.com'
const MICROSOFT = 'example-org.mail.protection.outlook.com'
const YAHOO = 'mta7.am0.yahoodns.net'
const APPLE = 'mx01.mail.icloud.com'
const GMX = 'mx00.gmx.net'

const corpus: readonly [wanted: ReplyClass, verbatim: string, host?: string, phase?: Phase][] = [
  // Google
  [
    'rate-limited',
    '421-4.7.28 We see an unusual rate of unwanted mail from your\n421-4.7.28 address, so for now\n421 4.7.28 mail from it is limited. - gsmtp',
    GOOGLE,
    'dot',
  ],
  [
    'rate-limited',
    '450-4.2.1 The person you write to is receiving mail too quickly just now.\n450 4.2.1 Please come again later. - gsmtp',
    GOOGLE,
  ],
  [
    'reverse-dns',
    '550-5.7.1 [2001:db8::1] Our guidelines for IPv6 ask for a PTR record and for\n550-5.7.1 authentication of the sender.\n550 5.7.1 - gsmtp',
    GOOGLE,
    'dot',
  ],
  [
    'reverse-dns',
    '550-5.7.25 [192.0.2.1] The sending address has no PTR record set up, or the name\n550 5.7.25 does not lead back. - gsmtp',
    GOOGLE,
    'dot',
  ],
  [
    'unauthenticated',
    '550-5.7.26 This mail was stopped as the sender is unauthenticated; either SPF or DKIM\n550 5.7.26 has to pass. - gsmtp',
    GOOGLE,
    'dot',
  ],
  ['unauthenticated', '421-4.7.30 Mail of bulk senders needs DKIM that passes\n421 4.7.30 now. - gsmtp', GOOGLE, 'dot'],
  [
    'spam',
    '550-5.7.1 [192.0.2.1] This message is likely unsolicited mail. To lower the amount of\n550 5.7.1 spam it was stopped. - gsmtp',
    GOOGLE,
    'dot',
  ],
  [
    'blocked',
    '550-5.7.1 [192.0.2.1] Gmail sees that this mail is likely suspicious due to the very low\n550-5.7.1 reputation of the sending IP address, so it has been\n550 5.7.1 blocked. - gsmtp',
    GOOGLE,
    'dot',
  ],
  [
    'unknown-user',
    '550-5.1.1 The account that you tried to reach does not exist. Look for typing errors\n550 5.1.1 in the address. - gsmtp',
    GOOGLE,
  ],
  ['disabled-user', '550 5.2.1 The account that you tried to reach is disabled or inactive. - gsmtp', GOOGLE],
  [
    'mailbox-full',
    "452-4.2.2 The recipient's inbox is out of storage space and gets no mail until\n452 4.2.2 they free some space. - gsmtp",
    GOOGLE,
  ],
  ['mailbox-full', '552 5.2.2 This account is over quota and cannot take your message. - gsmtp', GOOGLE],
  ['too-large', '552 5.3.4 Your message exceeds our size limits. - gsmtp', GOOGLE, 'dot'],
  ['virus', '552 5.7.0 This message was stopped: it has an executable attachment, a danger. - gsmtp', GOOGLE, 'dot'],
  ['server-trouble', '451 4.3.0 Mail server temporarily rejected message. - gsmtp', GOOGLE, 'dot'],
  // Microsoft
  [
    'blocked',
    '550 5.7.1 Not delivered: part of your network is on our block list (S3140). [host.outlook.com]',
    MICROSOFT,
    'mail',
  ],
  ['blocked', '550 5.7.606 Access denied, banned sending IP [192.0.2.1]. AS(1430)', MICROSOFT],
  ['blocked', '550 5.7.511 Access denied, banned sender [192.0.2.1].', MICROSOFT],
  [
    'rate-limited',
    '451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to its reputation (S775)',
    MICROSOFT,
    'mail',
  ],
  [
    'rate-limited',
    '421 RP-001 Refused from your address: the server went beyond the rate limit for new connections',
    MICROSOFT,
    'greeting',
  ],
  ['server-trouble', '451 4.7.500 Server busy. Please come again later. (S77714)', 'mx.example.net'],
  ['server-trouble', '452 4.3.1 Insufficient system resources (UsedDiskSpace)', MICROSOFT],
  ['unknown-user', '550 5.4.1 Recipient address rejected: Access denied. [host.prod.outlook.com]', MICROSOFT],
  ['unknown-user', '550 5.1.10 RESOLVER.ADR.RecipientNotFound; the recipient was not found by its address', MICROSOFT],
  [
    'unauthenticated',
    '550 5.7.509 Access denied, the domain example.org does not pass DMARC and its policy is reject.',
    MICROSOFT,
    'dot',
  ],
  [
    'unauthenticated',
    '550 5.7.515 Access denied, the domain does not meet the level of authentication that is required',
    MICROSOFT,
    'dot',
  ],
  ['too-large', '552 5.3.4 Message size exceeds fixed maximum message size', MICROSOFT, 'mail'],
  // Yahoo, AOL
  [
    'rate-limited',
    '421 4.7.0 [TSS04] Messages from 192.0.2.1 put off because of unexpected volume or user complaints',
    YAHOO,
    'mail',
  ],
  ['blocked', '553 5.7.1 [BL21] Connections are not taken: the address is on a list of Spamhaus', YAHOO, 'mail'],
  [
    'unknown-user',
    "552 1 Requested mail action aborted, mailbox not found; this user doesn't have an account here",
    YAHOO,
    'dot',
  ],
  ['policy', '554 5.7.9 Message not accepted for policy reasons.', YAHOO, 'dot'],
  // Apple
  ['blocked', '550 5.7.1 [CS01] Message rejected due to local policy.', APPLE, 'dot'],
  ['mailbox-full', '552 5.2.2 <kim@icloud.com>: user is over quota', APPLE],
  ['unknown-user', '550 5.1.1 <kim@icloud.com>: user does not exist', APPLE],
  // Germany
  [
    'reverse-dns',
    '554-gmx.net (mxgmx008) Nemesis ESMTP Service not available\n554-No SMTP service\n554-Bad DNS PTR resource record.\n554 For explanation see the page',
    GMX,
    'greeting',
  ],
  [
    'blocked',
    '554-gmx.net Nemesis ESMTP Service not available\n554-No SMTP service\n554-IP address is block listed.\n554 see the page',
    GMX,
    'greeting',
  ],
  [
    'rate-limited',
    '421-gmx.net Nemesis ESMTP Service not available\n421 Reject due to policy restrictions. see the page',
    GMX,
    'greeting',
  ],
  [
    'blocked',
    '554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to write to tosa@rx.t-online.de)',
    'mx00.t-online.de',
    'greeting',
  ],
  [
    'blocked',
    '554 IP=192.0.2.1 - None/bad reputation. (Ask your postmaster or write to tobr@rx.t-online.de for a reset.) (NOWL)',
    'mx03.t-online.de',
    'greeting',
  ],
  // France, Russia, China, America
  [
    'rate-limited',
    '421 mwinf5c04 ME Too many connections, slow down. OFR004_104 [104]',
    'smtp-in.orange.fr',
    'greeting',
  ],
  ['blocked', '550 5.2.0 Mail rejected. OFR_506 [506]', 'smtp-in.orange.fr', 'dot'],
  ['rate-limited', '421 Too many spams from your IP (192.0.2.1), please see the page', 'mx1.free.fr', 'greeting'],
  ['spam', '550 spam message rejected. Please see the page or report the headers to abuse', 'mxs.mail.ru', 'dot'],
  ['blocked', '550 Connection denied, ip frequency limited', 'mx3.qq.com', 'mail'],
  [
    'blocked',
    '554 resimta-po comcast 192.0.2.1 Comcast block for spam. Please see BL000001',
    'mx1.comcast.net',
    'greeting',
  ],
  ['blocked', '554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1', 'mx0a.pphosted.com', 'mail'],
  [
    'blocked',
    '550 5.7.1 Connection refused by policy, see http://csi.cloudmark.com/reset-request/?ip=192.0.2.1',
    undefined,
    'mail',
  ],
  [
    'blocked',
    '554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation',
    'mail.example.net',
  ],
  ['blocked', '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; see the page'],
  ['blocked', '550-"JunkMail rejected - host [192.0.2.1]:4711 is in an RBL: see the page"'],
  [
    'blocked',
    "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
    undefined,
    'greeting',
  ],
  ['blocked', '554 5.7.1 [192.0.2.1] is listed on a blocklist at bl.spamcop.net'],
  ['blocked', '550 5.7.1 Your IP address has been blocked by the recipient'],
  ['blocked', '421 4.7.1 Your host has a bad reputation here', undefined, 'greeting'],
  // Greylisting
  ['greylisted', '450 4.2.0 <kim@example.net>: Recipient address rejected: Greylisted, see the page of the postmaster'],
  ['greylisted', '451 4.7.1 Greylisting in action, please come back in 00:05:00'],
  ['greylisted', '450 4.7.1 Please try again in 300 seconds'],
  ['greylisted', '451 4.7.1 Temporarily refused, try again in 5 minutes'],
  ['greylisted', '451 DT:SPM greylist, please retry after 60 seconds', 'mx.163.example'],
  ['greylisted', '550 5.7.1 graylisted for 15 min'],
  ['greylisted', '451 Internal resources are temporarily unavailable - see the page', 'eu-smtp-inbound-1.mimecast.com'],
  ['greylisted', '450 4.1.1 This is your first-time sender check: the triplet is new'],
  // Words of common software
  ['unknown-user', '550 5.1.1 <kim@example.net>: Recipient address rejected: User unknown in virtual mailbox table'],
  ['unknown-user', '550 5.1.1 User unknown'],
  ['unknown-user', '550 No Such User Here'],
  ['unknown-user', '550 Unrouteable address'],
  ['unknown-user', '550 Mailbox unavailable or access denied'],
  ['unknown-user', '511 sorry, no mailbox here by that name (#5.1.1 - chkuser)'],
  ['unknown-user', '550 5.1.1 <kim@example.net> Kim does not exist here: Invalid recipient'],
  ['disabled-user', '550 5.2.1 Mailbox disabled, not accepting messages'],
  ['disabled-user', '550 5.1.1 This person is no longer with the company'],
  ['mailbox-full', '452 4.2.2 Mailbox full'],
  ['mailbox-full', '552 5.2.2 <kim@example.net> Quota exceeded (mailbox for user is full)'],
  ['mailbox-full', '422 The recipient mailbox has exceeded its storage'],
  ['relay-denied', '554 5.7.1 <kim@example.net>: Relay access denied'],
  ['relay-denied', '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain'],
  ['relay-denied', '550 relay not permitted'],
  ['unknown-domain', '550 5.1.2 Domain of recipient not found'],
  ['reverse-dns', '450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]'],
  ['reverse-dns', '550 5.7.25 Reverse DNS validation failed'],
  ['rate-limited', '421 4.7.0 Too many concurrent connections from your address', undefined, 'greeting'],
  ['rate-limited', '450 4.7.1 Error: too much mail from 192.0.2.1'],
  ['rate-limited', '451 4.7.1 Hourly limit for your host reached'],
  ['rate-limited', '550 5.7.1 Sending rate limit exceeded'],
  ['too-many-recipients', '452 4.5.3 Error: too many recipients'],
  ['rate-limited', '550 5.4.5 Daily SMTP relay limit exceeded for user'],
  ['rate-limited', '550 The mailbox exceeded the limit of messages per hour'],
  ['rate-limited', '550 Domain has exceeded the max emails per hour (151/150) allowed. Message discarded.'],
  ['rate-limited', '550 5.2.2 sending quota of this account is exceeded'],
  ['rate-limited', '552 5.2.2 user exceeded sending limit'],
  ['rate-limited', '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException', undefined, 'dot'],
  ['rate-limited', '550 5.7.1 You exceeded the maximum number of emails sent per day'],
  ['rate-limited', '450 4.2.1 The user you write to is receiving mail at a rate that allows no more'],
  ['server-trouble', '450 Requested mail action not taken: mailbox unavailable'],
  ['server-trouble', '450 4.2.0 mailbox busy'],
  ['server-trouble', '450 mailbox temporarily blocked for policy reasons'],
  ['server-trouble', '452 Requested action not taken: insufficient system storage'],
  ['unknown-user', '550 Requested action not taken: mailbox unavailable'],
  ['unknown-user', '553 Requested action not taken: mailbox name not allowed'],
  ['unknown-user', '551 User not local; please try another path'],
  ['unknown-user', '554 delivery error: this user does not have a mail account'],
  ['unknown-user', '550 mailbox has been moved'],
  ['mailbox-full', '552 Requested mail action aborted: exceeded storage allocation'],
  ['disabled-user', '550 5.2.1 mailbox locked'],
  ['policy', '550 mailbox for kim is restricted'],
  ['unauthenticated', '550 5.7.1 Message refused: SPF check failed'],
  ['unauthenticated', '550 5.7.1 Rejected by DMARC policy for example.org'],
  ['spam', '554 5.7.1 Message rejected as spam by the content filter'],
  ['spam', '550 High probability of being unwanted'],
  ['virus', '554 5.7.1 Message holds a virus: Eicar-Test'],
  ['too-large', '552 5.3.4 Message too big'],
  ['tls-needed', '530 5.7.0 Must issue a STARTTLS command first', undefined, 'mail'],
  ['tls-needed', '454 4.7.10 Encryption needed to send mail here', undefined, 'mail'],
  ['login-failed', '535 5.7.8 Error: wrong user or password', undefined, 'auth'],
  ['login-failed', '530 5.7.0 Authentication required', undefined, 'mail'],
  ['loop', '554 5.4.6 Too many hops'],
  ['loop', '554 5.4.6 Mail forwarding loop for kim@example.net', undefined, 'dot'],
  ['server-trouble', '421 4.3.2 System is shutting down', undefined, 'mail'],
  ['server-trouble', '451 4.3.0 Temporary lookup failure'],
  ['server-trouble', '452 4.3.1 Insufficient system storage', undefined, 'mail'],
  ['server-trouble', '421 mx.example.net Service not available', undefined, 'greeting'],
  ['server-trouble', '451 4.3.2 Please try again later, the system is overloaded', undefined, 'greeting'],
  ['policy', '550 5.7.1 Administrative prohibition'],
  ['policy', '554 5.7.1 Refused by our rules'],
  ['policy', '554 5.7.1 <kim@example.org>: Sender address rejected: Access denied'],
  ['spam', '554 5.7.1 Blacklisted URL in the message', undefined, 'dot'],
  ['mailbox-full', '452 4.2.2 This user has exceeded the storage limit'],
  ['protocol', '503 5.5.1 Bad sequence of commands', undefined, 'mail'],
  ['protocol', '555 5.5.4 Unsupported option', undefined, 'mail'],
]

describe('the shipped rules', () => {
  it.each(corpus)('%s: %s', (wanted, verbatim, host, phase) => {
    expect(classify(verbatim, host, phase)).toMatchObject({ class: wanted })
  })

  it('have an example for every class', () => {
    const unnamed = new Set(defaults.map((rule) => rule.class))
    for (const [wanted] of corpus) unnamed.delete(wanted)
    expect([...unnamed]).toEqual([])
  })

  it('have unique names', () => {
    expect(new Set(defaults.map(({ name }) => name)).size).toBe(defaults.length)
  })

  it('match no unknown reply', () => {
    expect(classify('450 4.9.9 hm')).toBeNull()
    expect(classify('599 what')).toBeNull()
  })

  it.each([
    ['450 4.2.0 Greylisted, try again in 5 minutes', 315_000],
    ['451 4.7.1 Please try again in 299 seconds', 314_000],
    ['451 greylisting: come again in 1 hour', 3_615_000],
    ['451 greylisted for 10 s', 30_000],
    ['451 greylisted for 99 hours', 4 * 3_600_000],
    ['450 4.2.0 Greylisted', 300_000],
  ])('%s: retry in %i ms', (verbatim, ms) => {
    expect(classify(verbatim)?.retryMs).toBe(ms)
  })

  it('have no slow pattern: a hostile reply takes milliseconds', () => {
    const hostile = ['a'.repeat(4000), 'user '.repeat(800), 'mailbox full'.repeat(300), 'retry in '.repeat(400)]
    for (const text of hostile) {
      const start = processorMs()
      classify(`450 4.9.9 ${text}`)
      expect(processorMs() - start).toBeLessThan(100)
    }
  })

  it.each([
    '550 5.1.1 <spamhaus@example.net>: Recipient address rejected: User unknown',
    '550 5.1.1 <greylist@example.net>: Recipient address rejected: User unknown',
    '554 5.7.1 <kim@example.org>: Sender address rejected: Access denied',
    "550 5.7.1 The sender is on the recipient's block list",
    '553 5.7.1 Service unavailable; Sender address [kim@example.org] blocked using dbl.spamhaus.org',
    '554 5.7.1 A URL in this message is on the block list multi.surbl.org',
    '554 5.7.1 Blacklisted URL in the message: example.org is in [black]',
    '452 4.2.2 This user has exceeded the storage limit',
    '552 5.2.2 Too many messages in the mailbox',
  ])('affect no other message if the reply is about one message: %s', (verbatim) => {
    expect(classify(verbatim, undefined, 'dot')).toMatchObject({ pauseMs: 0, treat: null })
  })

  it.each([
    '550 5.4.5 Daily user sending limit exceeded',
    '554 5.7.1 The sender has exceeded the sending limit of the mailbox',
    '550 5.7.233 Your message cannot be sent because your tenant exceeded its daily limit for sending e-mail',
  ])('try again later, without a pause for other senders, if one sender is over its limit: %s', (verbatim) => {
    expect(classify(verbatim)).toMatchObject({
      class: 'rate-limited',
      treat: 'temporary',
      pauseMs: 0,
      retryMs: 3_600_000,
    })
  })

  it.each([
    '421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1',
    '421 Too many concurrent SMTP connections from this IP address; please try again later.',
    '421 4.7.0 Too many open connections.',
    '421 4.3.2 The maximum number of concurrent server connections has exceeded a per-source limit, closing transmission channel',
    '421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. OFR004_104 [104]',
    '450 4.7.1 Too many simultaneous sessions',
    '452 4.3.2 Connection count exceeded',
  ])('ask for fewer connections: %s', (verbatim) => {
    for (const host of ['mx.example.net', 'smtp-in.orange.fr', GOOGLE])
      expect(classify(verbatim, host, 'greeting')).toMatchObject({ class: 'rate-limited', fewerConnections: true })
  })

  it.each([
    '421 4.7.0 Too many connections in this time period',
    '421 4.3.2 Connection rate limit exceeded.',
    '421 4.7.28 We see an unusual rate of unwanted mail',
    '421 4.3.2 Service not available',
  ])('ask for something else: %s', (verbatim) => {
    expect(classify(verbatim, undefined, 'greeting')?.fewerConnections).not.toBe(true)
  })

  it('do not take a shutdown for a limit of connections', () => {
    expect(classify('421 4.3.2 System is shutting down', undefined, 'greeting')?.fewerConnections).toBe(false)
  })

  it('name a contact of the provider if there is one', () => {
    expect(classify('550 5.7.606 Access denied, banned sending IP [192.0.2.1]', MICROSOFT)?.advice).toContain(
      'https://',
    )
    expect(classify('554 blocked using zen.spamhaus.org')?.advice).toContain('check.spamhaus.org')
  })
})
