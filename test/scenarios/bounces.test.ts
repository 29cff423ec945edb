// DSNs of an mx and an srs node: proven senders get them without the private address, other senders get none, and the ledger has the reason.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event, NotifiedEvent } from '../../src/observe/events.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import type { PeerMessage, SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** Queue lifetime of a message. */
const LIFETIME = '3s'

let world: World
let mx: WholeNode
let srs: WholeNode
let far: SmtpPeer
/** The host of the proven sender, where bounces arrive. */
let home: SmtpPeer
let stranger: SmtpPeer
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  await world.destination('plain.example', { extensions: ['PIPELINING', 'SIZE 1000000'] })
  home = await world.destination('sender.example')
  stranger = await world.destination('unproven.example')
  world.dns.zone.set('sender.example', { ...world.dns.zone.get('sender.example'), TXT: 'v=spf1 ip4:127.0.0.1 -all' })
  const mail = {
    domains: ['example.org'],
    forwards: {
      kim: 'kim@far.example',
      plain: 'plain@plain.example',
      gone: 'permfail-rcpt@far.example',
      team: ['permfail-rcpt@far.example', 'kim'],
      half: ['permfail-rcpt@far.example', 'list'],
      late: 'tempfail-rcpt@far.example',
    },
    transports: { 'list@example.org': `smtp:[${String(world.dns.zone.get('mx.plain.example')?.A)}]:${world.mxPort}` },
  }
  srs = await world.node({
    role: 'srs',
    mail,
    yaml: { queue: { minimal_backoff: '1s', maximal_backoff: '1s', min_free: '1M', lifetime: LIFETIME } },
  })
  mx = await world.node({ role: 'mx', mail, yaml: { peers: { srs: [`${srs.address}:${srs.port}`] } } })
})
afterAll(() => world.close())

interface Told {
  readonly from: string | null
  readonly to: string
  /** Parameters of RCPT, with a leading space. */
  readonly parameters?: string
}

/** Sends a message to the mx node. Returns its Message-ID. */
async function submit({ from, to, parameters = '' }: Told): Promise<string> {
  const id = `<${++serial}@sender.example>`
  const client = await mx.connect()
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect(`MAIL FROM:<${from ?? ''}>`, '250')
  await client.expect(`RCPT TO:<${to}@example.org>${parameters}`, '250')
  await client.expect('DATA', '354')
  await client.expect(
    `From: ${from ?? 'x@y.example'}\r\nMessage-ID: ${id}\r\nSubject: Secret\r\n\r\nHello.\r\n.`,
    '250',
  )
  client.end()
  return id
}

/** Sends a message to the mx node and waits until the srs node has decided about all notices. */
async function notified(told: Told): Promise<readonly NotifiedEvent[]> {
  const id = await submit(told)
  let found: NotifiedEvent[] = []
  await until(
    () => {
      found = eventsOf(id).filter((event): event is NotifiedEvent => event.kind === 'notified')
      return found.length > 0
    },
    { what: 'the decision about the notice', timeout: 20_000 },
  )
  return found
}

function eventsOf(messageId: string): Event[] {
  const events = srs.ledger()
  const ids = new Set(
    events.flatMap((event) => (event.kind === 'received' && event.messageId === messageId ? [event.queueId] : [])),
  )
  return events.filter((event) => ids.has(event.queueId))
}

/** The DSN with that queue ID, as a host received it. */
async function reportAt(
  host: SmtpPeer,
  dsn: string | null | undefined,
): Promise<PeerMessage & { readonly text: string }> {
  const isIt = ({ data }: PeerMessage) => data.includes(`${dsn}`)
  await until(() => host.messages.some(isIt), { what: `the report ${dsn} to arrive` })
  const message = host.messages.find(isIt) as PeerMessage
  return { ...message, text: message.data.toString() }
}

describe('a proven sender', () => {
  it('gets a DSN about a refusal that does not name the destination', async () => {
    const [event] = await notified({ from: 'ann@sender.example', to: 'gone' })
    expect(event).toMatchObject({ notice: 'failed', to: 'ann@sender.example' })
    const report = await reportAt(home, event?.dsn)
    expect([report.mail, ...report.rcpts].join()).toMatch(/^MAIL FROM:<>.*,RCPT TO:<ann@sender\.example>/)
    expect(report.text).toContain('multipart/report; report-type=delivery-status')
    expect(report.text).toContain('Final-Recipient: rfc822;gone@example.org')
    expect(report.text).toMatch(/Action: failed\r\nStatus: 5\.1\.1/)
    expect(report.text).toContain('Subject: Secret')
    expect(report.text).toContain('Received: from node-2.example.org ([127.0.0.1])')
    expect(report.text).not.toMatch(/permfail-rcpt|far\.example/)
    expect(eventsOf(`<${serial}@sender.example>`).find(({ kind }) => kind === 'failed')).toMatchObject({
      recipient: 'permfail-rcpt@far.example',
      reply: expect.stringContaining('550 5.1.1'),
    })
  })

  it('gets a DSN about a member of a group that names the group', async () => {
    const [event] = await notified({ from: 'ann@sender.example', to: 'team' })
    const report = await reportAt(home, event?.dsn)
    expect(report.text).toContain('Original-Recipient: rfc822;team@example.org')
    expect(report.text).toContain('Final-Recipient: rfc822;team@example.org')
    expect(report.text).not.toMatch(/permfail-rcpt|far\.example/)
  })

  it('gets a returned header whose trace fields do not name a member', async () => {
    const [event] = await notified({ from: 'ann@sender.example', to: 'half' })
    const report = await reportAt(home, event?.dsn)
    expect(report.text).toContain('Final-Recipient: rfc822;half@example.org')
    expect(report.text).toMatch(/for\s+<\[hidden\]>/)
    expect(report.text).not.toMatch(/permfail-rcpt|far\.example/)
  })

  it('cannot find it out by an ORCPT of another type', async () => {
    const [event] = await notified({ from: 'ann@sender.example', to: 'team', parameters: ' ORCPT=x400;/c+3Dde/' })
    const report = await reportAt(home, event?.dsn)
    expect(report.text).toContain('Original-Recipient: x400;/c=de/')
    expect(report.text).not.toMatch(/permfail-rcpt|far\.example/)
  })

  it('gets one DSN when the message expires', async () => {
    const [event] = await notified({ from: 'ann@sender.example', to: 'late' })
    expect(event).toMatchObject({ notice: 'failed', to: 'ann@sender.example' })
    const report = await reportAt(home, event?.dsn)
    expect(report.text).toMatch(/Final-Recipient: rfc822;late@example\.org\r\n(?:.*\r\n)?Action: failed\r\nStatus: 4\./)
    expect(report.text).not.toMatch(/tempfail-rcpt|far\.example/)
    const kinds = eventsOf(`<${serial}@sender.example>`).map(({ kind }) => kind)
    expect(kinds).toContain('deferred')
    expect(kinds.filter((kind) => kind === 'expired')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === 'notified')).toHaveLength(1)
  })

  it('gets no DSN with NOTIFY=NEVER', async () => {
    const id = await submit({ from: 'ann@sender.example', to: 'gone', parameters: ' NOTIFY=NEVER' })
    await until(() => eventsOf(id).some(({ kind }) => kind === 'failed'), { what: 'the refusal' })
    await srs.emptied()
    expect(eventsOf(id).filter(({ kind }) => kind === 'notified')).toEqual([])
  })

  it('gets a relayed DSN if it asked for success and the next server does not support DSN', async () => {
    const [event] = await notified({ from: 'ann@sender.example', to: 'plain', parameters: ' NOTIFY=SUCCESS,FAILURE' })
    expect(event).toMatchObject({ to: 'ann@sender.example' })
    const report = await reportAt(home, event?.dsn)
    expect(report.text).toContain('Action: relayed')
    expect(report.text).not.toContain('plain.example')
  })

  it('gets the bounce of a host that refuses later, through the SRS address', async () => {
    const client = await mx.connect()
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.pipeline(
      ['MAIL FROM:<ann@sender.example>', 'RCPT TO:<kim@example.org>', 'DATA'],
      ['250', '250', '354'],
    )
    await client.expect('Subject: to be refused later\r\n\r\nHello.\r\n.', '250')
    await until(() => far.messages.length > 0, { what: 'the mail to arrive' })
    const reversePath = /<(SRS0=[^>]+@srs\.example\.org)>/.exec(far.messages.at(-1)?.mail ?? '')?.[1]
    expect(reversePath).toBeDefined()
    // A verifier of senders asks with a sender and leaves; a message with a sender is refused after its data.
    await client.expect('MAIL FROM:<mallory@far.example>', '250')
    await client.expect(`RCPT TO:<${reversePath}>`, '250')
    await client.expect('RCPT TO:<kim@example.org>', '452 4.5.3')
    await client.expect('DATA', '354')
    await client.expect('Subject: relayed\r\n\r\nBuy!\r\n.', '550 5.7.1')
    await client.pipeline(['MAIL FROM:<mallory@far.example>', 'RCPT TO:<kim@example.org>'], ['250', '250'])
    await client.expect(`RCPT TO:<${reversePath}>`, '550 5.7.1')
    await client.expect('RSET', '250')
    await client.pipeline(['MAIL FROM:<>', `RCPT TO:<${reversePath}>`, 'DATA'], ['250', '250', '354'])
    await client.expect('Subject: it was refused\r\n\r\nSorry.\r\n.', '250')
    client.end()
    await until(() => home.messages.some(({ data }) => data.includes('it was refused')), {
      what: 'the bounce to arrive',
    })
    expect(home.messages.at(-1)).toMatchObject({
      mail: expect.stringMatching(/^MAIL FROM:<>/),
      rcpts: [expect.stringContaining('<ann@sender.example>')],
    })
  })
})

describe('a sender that is too long for SRS', () => {
  it('gets its bounce by the token that the srs node stored, also after a restart of it', async () => {
    const sender = `list-bounces+${'0123456789abcdef'.repeat(2)}-kim=home.example@sender.example`
    const before = far.messages.length
    await mx.send({ from: sender, to: ['kim@example.org'] })
    await until(() => far.messages.length > before, { what: 'the mail to arrive' })
    const reversePath = /<(SRS0=[^>]+)>/.exec(far.messages.at(-1)?.mail ?? '')?.[1]
    expect(reversePath).toMatch(/^SRS0=.{8}=..=1=[0-9a-v]{32}@srs\.example\.org$/)
    await srs.stop()
    await srs.start()
    const client = await mx.connect()
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.pipeline(['MAIL FROM:<>', `RCPT TO:<${reversePath}>`, 'DATA'], ['250', '250', '354'])
    await client.expect('Subject: list mail refused\r\n\r\nSorry.\r\n.', '250')
    client.end()
    await until(() => home.messages.some(({ data }) => data.includes('list mail refused')), {
      what: 'the bounce to arrive',
    })
    expect(home.messages.at(-1)?.rcpts).toEqual([expect.stringContaining(sender)])
  })
})

describe('no DSN is sent', () => {
  it('if the sender is not proven: that would be backscatter', async () => {
    const [event] = await notified({ from: 'ann@unproven.example', to: 'gone' })
    expect(event).toMatchObject({ notice: 'failed', dsn: null, reason: 'sender not proven' })
    expect(stranger.sessions).toBe(0)
  })

  it('if the message is a DSN', async () => {
    const [event] = await notified({ from: null, to: 'gone' })
    expect(event).toMatchObject({ dsn: null, reason: 'null sender' })
  })

  it('if a DSN cannot be delivered', async () => {
    const [event] = await notified({ from: 'permfail-rcpt@sender.example', to: 'gone' })
    const dsn = event?.dsn as string
    const about = () => srs.ledger().filter(({ queueId }) => queueId === dsn)
    await until(() => about().some(({ kind }) => kind === 'failed'), { what: 'the end of the notice' })
    await srs.emptied()
    expect(about().filter((one) => one.kind === 'notified' && one.dsn !== null)).toEqual([])
  })
})

it('every recipient of both nodes ended once', async () => {
  await Promise.all([mx.emptied(), srs.emptied()])
  expect([brokenPromises(mx.ledger()), brokenPromises(srs.ledger())]).toEqual([[], []])
})
