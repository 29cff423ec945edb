// DSNs as two maintained bounce parsers read them: every recipient, status and action must be correct. The cases are those of RFC 3464
// appendix E that apply. Both parsers ignore the UTF-8 form of RFC 6533.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeReport } from '../../src/bounce/report.ts'
import type { ReportFacts } from '../../src/bounce/report-facts.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { reportFacts, reportRecipient } from '../lib/report-facts.ts'

const flufl = `
import email, json, sys
from flufl.bounce import all_failures
with open(sys.argv[1], 'rb') as file:
    temporary, permanent = all_failures(email.message_from_binary_file(file))
print(json.dumps({'temporary': sorted(a.decode() for a in temporary), 'permanent': sorted(a.decode() for a in permanent)}))
`
const sisimai = `
use Sisimai; use JSON::PP;
my $found = Sisimai->make($ARGV[0], delivered => 1) || [];
print JSON::PP->new->canonical->encode([map { {
  recipient => $_->recipient->address, action => $_->action, status => $_->deliverystatus, reason => $_->reason, agent => $_->smtpagent
} } @$found]);
`

const withoutBody = { returned: { ...reportFacts().returned, body: null } }
const lost = reportRecipient({
  address: 'ali@corp.example.com',
  status: '5.7.1',
  reply:
    "550-5.7.1 'ali@corp.example.com' may not get mail\n550 5.7.1 from outside, write to postmaster if that is wrong",
  remoteHost: 'mx.corp.example.com',
})
const full = reportRecipient({ address: 'cy@uni.example.edu', status: '5.2.2', reply: '552 5.2.2 mailbox full' })

interface Case {
  readonly what: string
  readonly facts: ReportFacts
  readonly temporary: readonly string[]
  readonly permanent: readonly string[]
  readonly each: readonly {
    readonly recipient: string
    readonly action: string
    readonly status: string
    readonly reason: string
  }[]
}

const cases: readonly Case[] = [
  {
    what: 'one unknown user',
    facts: reportFacts(),
    temporary: [],
    permanent: ['nobody@uni.example.edu'],
    each: [{ recipient: 'nobody@uni.example.edu', action: 'failed', status: '5.1.1', reason: 'userunknown' }],
  },
  {
    what: 'a mail with SMTPUTF8 and a header in UTF-8',
    facts: reportFacts({
      smtputf8: true,
      returned: {
        header: Buffer.from('From: Kim <kim@example.org>\r\nSubject: Grüße\r\n\r\n'),
        body: Buffer.from('Hello.\r\n'),
      },
    }),
    temporary: [],
    permanent: ['nobody@uni.example.edu'],
    each: [{ recipient: 'nobody@uni.example.edu', action: 'failed', status: '5.1.1', reason: 'userunknown' }],
  },
  {
    what: 'several recipients with different reasons',
    facts: reportFacts({ recipients: [lost, full, reportRecipient()] }),
    temporary: [],
    permanent: ['ali@corp.example.com', 'cy@uni.example.edu', 'nobody@uni.example.edu'],
    each: [
      { recipient: 'ali@corp.example.com', action: 'failed', status: '5.7.1', reason: 'securityerror' },
      { recipient: 'cy@uni.example.edu', action: 'failed', status: '5.2.2', reason: 'mailboxfull' },
      { recipient: 'nobody@uni.example.edu', action: 'failed', status: '5.1.1', reason: 'userunknown' },
    ],
  },
  {
    what: 'expired after days: class 4 and yet final',
    facts: reportFacts({
      recipients: [
        reportRecipient({
          address: 'robin@slow.example.net',
          status: '4.4.1',
          reply: '451 connection timed out',
          expired: true,
        }),
      ],
    }),
    temporary: [],
    permanent: ['robin@slow.example.net'],
    each: [{ recipient: 'robin@slow.example.net', action: 'failed', status: '4.4.7', reason: 'expired' }],
  },
  {
    what: 'a delay notice',
    facts: reportFacts({
      ...withoutBody,
      recipients: [
        reportRecipient({
          address: 'sam@far.example.net',
          action: 'delayed',
          status: '4.4.1',
          reply: 'Connection failed: ECONNREFUSED',
          remoteHost: null,
          willRetryUntil: Date.UTC(2026, 10, 26),
        }),
      ],
    }),
    temporary: ['sam@far.example.net'],
    permanent: [],
    each: [{ recipient: 'sam@far.example.net', action: 'delayed', status: '4.4.1', reason: 'expired' }],
  },
  {
    what: 'relayed, and headers only',
    facts: reportFacts({
      ...withoutBody,
      recipients: [reportRecipient({ action: 'relayed', status: '2.0.0', reply: '250 ok' })],
    }),
    temporary: [],
    permanent: [],
    each: [{ recipient: 'nobody@uni.example.edu', action: 'relayed', status: '2.0.0', reason: 'delivered' }],
  },
  {
    what: 'delivered',
    facts: reportFacts({
      ...withoutBody,
      recipients: [reportRecipient({ action: 'delivered', status: '2.1.5', reply: '250 2.1.5 ok' })],
    }),
    temporary: [],
    permanent: [],
    each: [{ recipient: 'nobody@uni.example.edu', action: 'delivered', status: '2.1.5', reason: 'delivered' }],
  },
]

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reports-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(facts: ReportFacts, command: readonly [string, ...string[]]): unknown {
  const file = join(folder, 'report.eml')
  const report = writeReport(facts)
  writeFileSync(file, Buffer.concat([report.header, report.body]))
  const [program, ...args] = command
  const ended = spawnSync(program, [...args, file], { encoding: 'utf8' })
  if (ended.status !== 0) throw new Error(ended.stderr)
  return JSON.parse(ended.stdout)
}

describe.runIf(ensurePeers(['flufl.bounce']))('flufl.bounce', () => {
  it.each(cases)('$what', ({ facts, temporary, permanent }) => {
    expect(read(facts, ['/usr/bin/python3', '-c', flufl])).toEqual({ temporary, permanent })
  })
})

describe.runIf(ensurePeers(['sisimai']))('sisimai', () => {
  it.each(cases)('$what', ({ facts, each }) => {
    const found = each.map((one) => ({ ...one, agent: 'RFC3464' }))
    expect(read(facts, ['perl', '-e', sisimai])).toEqual(found)
  })

  it('reads the escaped form of an address beyond ASCII as a failure', () => {
    const facts = reportFacts({ recipients: [reportRecipient({ address: 'jörg@far.example.net' })] })
    expect(read(facts, ['perl', '-e', sisimai])).toMatchObject([{ action: 'failed', status: '5.1.1' }])
  })
})
