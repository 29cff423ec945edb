// waypost report blocked: incidents by provider, and the request for one of them.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { appendFileSync } from 'node:fs'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { startAuthority } from '../../demo/authority.ts'
import type { Event } from '../../observe/events.ts'
import { reportBlocked } from './report-blocked.ts'

const START = Date.UTC(2027, 0, 15, 8)
const DAY_MS = 86_400_000
let node: QueueNode
beforeEach(() => {
  node = queueNode()
})
afterEach(() => node.place.remove())

const MICROSOFT = "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent (S3140).\nSee the page"
const SPAMHAUS = '554 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org'

function attempt(kind: 'delivered' | 'failed', at: number, host: string, reply: string): Event {
  const end = {
    at,
    queueId: 'q1',
    recipient: 'kim@target.example',
    attempt: 1,
    host,
    reply,
    status: '5.7.1',
    tls: null,
  }
  return kind === 'failed'
    ? { kind, ...end, scope: 'message', class: 'blocked' }
    : { kind, ...end, status: '2.0.0', sender: null, delayMs: 1, size: 1 }
}

const OUTLOOK = 'target-example.mail.protection.outlook.com[198.51.100.1]:25'
const events = [
  attempt('delivered', START - 1, OUTLOOK, '250 ok'),
  attempt('delivered', START, OUTLOOK, '250 ok'),
  attempt('failed', START + 1, OUTLOOK, MICROSOFT),
  attempt('failed', START + 2, 'mx.broker.example[198.51.100.2]:25', SPAMHAUS),
  attempt('failed', START + 3, 'mx.small.example[198.51.100.3]:25', '550 your network has a poor reputation'),
  attempt('failed', START + 4, OUTLOOK, MICROSOFT),
]

const run = (options: { provider?: string; json?: boolean; dns?: boolean } = {}) =>
  runCommand((io) =>
    reportBlocked(
      { config: node.config, since: START, until: START + 7 * DAY_MS, provider: undefined, dns: false, ...options },
      io,
    ),
  )

it('lists who refuses, with what they accepted, the reply, and whom to ask', async () => {
  const queue = await node.open()
  expect(await run()).toMatchObject({ code: 1, out: '', err: expect.stringContaining('no provider refused this node') })
  for (const event of events) await queue.record([event])
  const { code, out } = await run()
  expect(code).toBe(0)
  expect(out.split('\n').filter((line) => /^\S/.test(line))).toEqual([
    'microsoft  since 2027-01-15T08:00:00.001Z, 2 refusals, the last 2027-01-15T08:00:00.004Z; 1 recipient accepted',
    'small.example  since 2027-01-15T08:00:00.003Z, 1 refusal, the last 2027-01-15T08:00:00.003Z; 0 recipients accepted',
    'spamhaus  since 2027-01-15T08:00:00.002Z, 1 refusal, the last 2027-01-15T08:00:00.002Z; 0 recipients accepted',
  ])
  expect(out).toContain('  ask: https://go.microsoft.com/fwlink/?LinkID=614866')
  expect(out).toContain('  ask: the postmaster of the provider')
  expect(JSON.parse((await run({ json: true })).out)).toMatchObject([{ name: 'microsoft', refusals: 2 }, {}, {}])
  await queue.close()
})

it('writes the request to stdout and what the provider needs to stderr', async () => {
  const queue = await node.open()
  for (const event of events) await queue.record([event])
  const { code, out, err } = await run({ provider: 'microsoft' })
  expect({ code, out: out.split('\n') }).toEqual({
    code: 0,
    out: [
      'Subject: Mail from 192.0.2.7 (node.example.org) is refused',
      '',
      'Our mail server node.example.org sends the mail of example.org. Your servers refuse it.',
      'Please end the block, or write what we have to change.',
      '',
      'Sending address:    192.0.2.7',
      'Name in EHLO:       node.example.org',
      'Refused since:      2027-01-15T08:00:00.001Z; 2 refusals, the last one 2027-01-15T08:00:00.004Z',
      'Accepted before:    1 recipient in the last 7 days',
      "Your reply:         550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent (S3140). See the page",
      'Cause:              (fill in: what was sent, by which account or forward, and what has ended it)',
      'Contact:            postmaster@example.org',
      '',
    ],
  })
  expect(err).toMatch(/^ask: https:.*\nThe form asks for/)
  expect(await run({ provider: 'google' })).toMatchObject({
    code: 1,
    err: 'google does not refuse this node in that time; found: microsoft, small.example, spamhaus\n',
  })
  await queue.close()
})

it('adds what the DNS has about the address and the domain', async () => {
  const dns = await startAuthority({
    '7.2.0.192.in-addr.arpa': { PTR: 'node.example.org' },
    'node.example.org': { A: '192.0.2.7' },
    'example.org': { TXT: 'v=spf1 ip4:192.0.2.7 -all' },
  })
  appendFileSync(node.config, `dns: { servers: ["${dns.host}:${dns.port}"] }\n`)
  const queue = await node.open()
  for (const event of events) await queue.record([event])
  const { out } = await run({ provider: 'microsoft', dns: true })
  expect(out).toContain('Reverse DNS:        node.example.org, which leads back to the address\n')
  expect(out).toContain('SPF:                example.org: v=spf1 ip4:192.0.2.7 -all\n')
  expect(out).toContain('DMARC:              example.org: none\n')
  await queue.close()
  await dns.close()
})
