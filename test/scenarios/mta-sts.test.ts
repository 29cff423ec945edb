// MTA-STS and TLS reports with a whole node: real hosts and policy servers, kills, and the reports of the next day.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import SqliteDatabase from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBudgets } from '../../src/budget/budgets.ts'
import { createStrangerClient } from '../../src/https/ask-stranger.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createPolicyFetch } from '../../src/mta-sts/fetch-policy.ts'
import type { Event } from '../../src/observe/events.ts'
import { fakeResolver } from '../lib/fake-resolver.ts'
import { freePort } from '../lib/free-port.ts'
import { type PolicyServer, startPolicyServer } from '../lib/policy-server.ts'
import type { PeerOptions, SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let server: PolicyServer
let node: WholeNode
let reports: SmtpPeer
let https: { readonly host: string; readonly port: number }
const peers = new Map<string, SmtpPeer>()
/** Domains of this file; each has a forward of its name. */
const names = ['good', 'expired', 'urgent', 'second', 'other', 'trial', 'kept', 'gone', 'plain'] as const
type Name = (typeof names)[number]
/** A message with `TLS-Required: No` is not reported. */
const reported = names.filter((name) => name !== 'urgent')
const domainOf = (name: Name) => `${name}.example`

const tlsOf = (name: string, days = 30): PeerOptions => {
  const { certificate: cert, key } = world.ca.issue({ names: [name], days })
  return { tls: { cert, key } }
}
const policyText = (mode: string, mx: string) => `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: 604800\n`

async function domain(name: Name, options: PeerOptions, policy: string | null): Promise<void> {
  const own = domainOf(name)
  peers.set(name, await world.destination(own, options))
  world.dns.zone.set(`_smtp._tls.${own}`, {
    TXT: `v=TLSRPTv1; rua=mailto:tls@reports.example,https://collect.example:${server.port}/r?d=${name}`,
  })
  if (policy === null) return
  world.dns.zone.set(`_mta-sts.${own}`, { TXT: 'v=STSv1; id=1;' })
  world.dns.zone.set(`mta-sts.${own}`, { A: server.host })
  server.answers.set(`mta-sts.${own}`, policy)
}

beforeAll(async () => {
  world = await startWorld()
  server = await startPolicyServer(world.ca, { host: world.newAddress() })
  const mx = (name: Name) => `mx.${domainOf(name)}`
  await domain('good', tlsOf(mx('good')), policyText('enforce', '*.good.example'))
  await domain('expired', tlsOf(mx('expired'), -1), policyText('enforce', mx('expired')))
  await domain('urgent', tlsOf(mx('urgent'), -1), policyText('enforce', mx('urgent')))
  await domain('second', tlsOf(mx('second'), -1), policyText('enforce', '*.second.example'))
  await domain('other', tlsOf(mx('other')), policyText('enforce', 'mail.other.example'))
  await domain('trial', tlsOf(mx('trial'), -1), policyText('testing', mx('trial')))
  await domain('kept', {}, policyText('enforce', mx('kept')))
  await domain('gone', tlsOf(mx('gone')), null)
  await domain('plain', {}, null)
  world.dns.zone.set('_mta-sts.gone.example', { TXT: 'v=STSv1; id=1;' })
  await world.destination('backup.second.example', tlsOf('mx.backup.second.example'))
  const backup = tlsOf('backup.second.example')
  peers.set('backup', await world.destination('elsewhere.example', backup))
  const address = world.dns.zone.get('mx.elsewhere.example')?.A as string
  world.dns.zone.set('backup.second.example', { A: address })
  world.dns.zone.set('second.example', { MX: ['10 mx.second.example', '20 backup.second.example'] })
  reports = await world.destination('reports.example', { brokenTls: true, ...tlsOf('mx.reports.example') })
  world.dns.zone.set('collect.example', { A: server.host })
  server.answers.set('collect.example', { status: 200 })
  await world.destination('sender.example')
  const own = world.ca.issue({ names: ['mta-sts.example.org'] })
  writeFileSync(join(world.folder, 'sts.pem'), own.certificate)
  writeFileSync(join(world.folder, 'sts.key'), own.key, { mode: 0o600 })
  https = { host: world.newAddress(), port: await freePort() }
  node = await world.node({
    role: 'srs',
    yaml: {
      delivery: { mx_port: world.mxPort, public_ca: join(world.folder, 'ca.pem'), policy_port: server.port },
      postmaster: 'postmaster@example.org',
      tls_reports: { contact: 'tls@example.org' },
      mta_sts: { mode: 'enforce', mx: ['mx.example.org'], listen: `${https.host}:${https.port}` },
      tls: { certificate: 'node.pem', key: 'node.key', more: [{ certificate: '../sts.pem', key: '../sts.key' }] },
    },
    mail: {
      domains: ['example.org'],
      forwards: Object.fromEntries(names.map((name) => [name, `kim@${domainOf(name)}`])),
    },
  })
})
afterAll(async () => {
  await world.close()
  await server.close()
})

const eventsOf = (name: Name) => node.ledger().filter((event) => event.recipient === `kim@${domainOf(name)}`)
const ended = (event: Event) => event.kind === 'delivered' || event.kind === 'deferred' || event.kind === 'failed'

/** Sends a message and returns the first result. */
async function send(name: Name, message?: string): Promise<Event> {
  const before = eventsOf(name).filter(ended).length
  await node.send({ to: [`${name}@example.org`], ...(message !== undefined && { message }) })
  const results = () => eventsOf(name).filter(ended).slice(before)
  await until(() => results().length > 0, { what: `a result for ${name}` })
  return results()[0] as Event
}

// First, because a kill loses the results of the last seconds.
it('a policy survives a kill, the loss of its record and of its server', async () => {
  expect(await send('kept')).toMatchObject({ kind: 'deferred', tls: { failure: 'starttls-not-supported' } })
  await node.stop('SIGKILL')
  world.dns.zone.delete('_mta-sts.kept.example')
  server.answers.delete('mta-sts.kept.example')
  await node.start()
  expect(await send('kept')).toMatchObject({ kind: 'deferred', tls: { policy: 'mta-sts' } })
  expect(peers.get('kept')?.messages).toEqual([])
})

describe('a policy of mode enforce', () => {
  it('is obeyed by verified TLS', async () => {
    expect(await send('good')).toMatchObject({ kind: 'delivered', tls: { level: 'verified', policy: 'mta-sts' } })
    expect(server.requests.filter((one) => one.includes('mta-sts.good.example'))).toHaveLength(1)
  })

  it('defers mail for a host with an expired certificate, and says why', async () => {
    expect(await send('expired')).toMatchObject({
      kind: 'deferred',
      status: '4.7.5',
      reply: 'Server certificate not trusted: CERT_HAS_EXPIRED',
      tls: { level: 'none', policy: 'mta-sts', failure: 'certificate-expired' },
    })
    expect(peers.get('expired')?.messages).toEqual([])
  })

  it('leads to the next host', async () => {
    expect(await send('second')).toMatchObject({
      kind: 'delivered',
      host: expect.stringContaining('backup.second.example'),
    })
    expect(peers.get('second')?.messages).toEqual([])
  })

  it('defers mail for a host that it does not name', async () => {
    expect(await send('other')).toMatchObject({
      kind: 'deferred',
      reply:
        'The MTA-STS policy of other.example does not allow the mail host mx.other.example, only mail.other.example',
    })
    expect(peers.get('other')?.sessions).toBe(0)
  })

  it('gives way to `TLS-Required: No` in the header (RFC 8689)', async () => {
    const message = 'From: ann@sender.example\r\nSubject: urgent\r\nTLS-Required: No\r\n\r\nx\r\n'
    expect(await send('urgent', message)).toMatchObject({
      kind: 'delivered',
      tls: { level: 'encrypted', policy: 'may' },
    })
  })
})

it('a policy of mode testing lets mail pass, and the ledger has what is wrong', async () => {
  expect(await send('trial')).toMatchObject({
    kind: 'delivered',
    tls: { level: 'encrypted', policy: 'mta-sts-testing', failure: 'certificate-expired' },
  })
})

it('a policy that cannot be fetched counts as none', async () => {
  expect(await send('gone')).toMatchObject({
    kind: 'delivered',
    tls: { level: 'encrypted', policy: 'may', failure: 'sts-policy-fetch-error' },
  })
})

it('a host without TLS and without a policy gets mail', async () => {
  expect(await send('plain')).toMatchObject({ kind: 'delivered', tls: { level: 'none', policy: 'may' } })
})

it('the policy of our domain is served where others look for it', async () => {
  const ask = createStrangerClient(
    { ca: world.ca.certificate, allowPrivate: true },
    {
      resolver: fakeResolver({ 'mta-sts.example.org A': [https.host] }),
      clock: systemClock,
      budgets: createBudgets(systemClock),
    },
  )
  expect(await createPolicyFetch(https.port, ask)('example.org')).toEqual({
    kind: 'fetched',
    policy: { mode: 'enforce', mx: ['mx.example.org'], maxAge: 604_800 },
  })
})

describe('the reports of a past day', () => {
  const read = (packed: Buffer) => JSON.parse(gunzipSync(packed).toString()) as Record<string, unknown>
  beforeAll(async () => {
    await node.stop()
    const db = new SqliteDatabase(join(node.data, 'tls-results.db'))
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10)
    db.prepare('UPDATE results SET day = ?').run(day)
    db.close()
    await node.start()
    await until(() => reports.messages.length >= 8 && server.posts.size >= 8, { what: 'the reports', timeout: 30_000 })
  })

  it('go by mail, signed, with the null sender, although TLS of the receiver fails', () => {
    for (const { mail, data, tls } of reports.messages) {
      expect([mail, tls]).toEqual([expect.stringContaining('<>'), false])
      const text = data.toString('latin1')
      expect(text).toMatch(/^DKIM-Signature: [^]*d=example\.org/m)
      expect(text).toMatch(/^TLS-Report-Submitter: example\.org\r$/m)
      expect(text).toMatch(/^TLS-Required: No\r$/m)
      expect(text).toMatch(/^From: <postmaster@example\.org>\r$/m)
    }
  })

  it('go to HTTPS servers, and say what happened', () => {
    const of = (name: Name) => read(server.posts.get(`collect.example/r?d=${name}`) as Buffer)
    expect(of('good')).toMatchObject({
      'organization-name': 'example.org',
      'contact-info': 'tls@example.org',
      policies: [
        {
          policy: {
            'policy-type': 'sts',
            'policy-domain': 'good.example',
            'policy-string': ['version: STSv1', 'mode: enforce', 'mx: *.good.example', 'max_age: 604800'],
            'mx-host': ['*.good.example'],
          },
          summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
        },
      ],
    })
    expect(of('expired')).toMatchObject({
      policies: [
        {
          'failure-details': [
            {
              'result-type': 'certificate-expired',
              'sending-mta-ip': expect.stringMatching(/^127\./),
              'receiving-mx-hostname': 'mx.expired.example',
              'receiving-mx-helo': expect.stringMatching(/./),
              'receiving-ip': expect.stringMatching(/^127\./),
              'failure-reason-code': 'Server certificate not trusted: CERT_HAS_EXPIRED',
            },
          ],
        },
      ],
    })
    expect(of('gone')).toMatchObject({
      policies: [
        {
          policy: { 'policy-type': 'no-policy-found' },
          'failure-details': [{ 'result-type': 'sts-policy-fetch-error' }],
        },
      ],
    })
    expect(of('plain')).toMatchObject({
      policies: [{ 'failure-details': [{ 'result-type': 'starttls-not-supported' }] }],
    })
  })

  it('are read by the mail library of Python', () => {
    const program = `
import base64, sys, email, email.policy, gzip, json
for line in sys.stdin:
  m = email.message_from_bytes(base64.b64decode(line), policy=email.policy.default)
  assert m.get_content_type() == 'multipart/report' and m.get_param('report-type') == 'tlsrpt'
  text, part = m.iter_parts()
  assert part.get_content_type() == 'application/tlsrpt+gzip'
  report = json.loads(gzip.decompress(part.get_content()))
  name = part.get_filename().split('!')
  assert name[0] == 'example.org' and name[1] == m['TLS-Report-Domain'] == report['policies'][0]['policy']['policy-domain']
  assert m['Subject'] == 'Report Domain: %s Submitter: example.org Report-ID: <%s>' % (name[1], report['report-id'])
  assert int(name[3]) - int(name[2]) == 86399
  assert report['date-range']['start-datetime'].endswith('T00:00:00Z')
  print(name[1])
`
    const input = reports.messages.map(({ data }) => `${data.toString('base64')}\n`).join('')
    const domains = execFileSync('python3', ['-c', program], { input, encoding: 'utf8' }).trim().split('\n')
    expect(domains.toSorted()).toEqual(reported.map(domainOf).toSorted())
  })

  it('are sent once, and not about their own sessions', () => {
    const db = new SqliteDatabase(join(node.data, 'tls-results.db'), { readonly: true })
    expect(db.prepare('SELECT count(*) FROM reports').pluck().get()).toBe(0)
    expect(db.prepare("SELECT count(*) FROM results WHERE domain = 'reports.example'").pluck().get()).toBe(0)
    db.close()
  })
})
