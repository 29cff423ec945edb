// Hostile clients of a whole mx. After each attack the node runs and accepts the next message. Its ledger has only messages that got a 250
// (or whose client did not wait for the 250).

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { brokenPromises } from '../lib/ledger-ends.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** The command time-out of this node. */
const SILENCE_MS = 3000

let world: World
let node: WholeNode
let srs: SmtpPeer
let serial = 0
/** Message-IDs of messages that got a 250, and of those whose client did not read the reply. */
const accepted = new Set<string>()
const unread = new Set<string>()

beforeAll(async () => {
  world = await startWorld()
  srs = await world.destination('srs-01.example.org')
  node = await world.node({
    role: 'mx',
    yaml: {
      peers: { srs: [`mx.srs-01.example.org:${world.mxPort}`] },
      limits: { command_timeout: `${SILENCE_MS}ms`, connections_per_ip: 200, errors_per_ip: 1_000_000 },
    },
    mail: { domains: ['example.org'], forwards: { kim: 'kim@far.example' }, catch_all: { 'example.org': 'kim' } },
  })
})

afterAll(() => world.close())

/** Resolves with what the node replied until it closed the connection. */
async function sendGarbage(): Promise<string> {
  const client = await greeted()
  client.write(randomBytes(65_536))
  client.end()
  await client.closed()
  return client.received
}

/** After every attack the node accepts and relays the next message. */
afterEach(async () => {
  const id = newId()
  const client = await greeted()
  await client.pipeline([mailFrom, rcptTo, 'DATA'], ['250', '250', '354'])
  await client.expect(`${fields(id)}\r\nHello.\r\n.`, '250')
  accepted.add(id)
  client.end()
  await until(() => srs.messages.some(({ data }) => data.includes(id)), { what: 'the next message to arrive' })
  expect(node.log().filter((line) => /"msg":"bug|Error:|nhandled/.test(line))).toEqual([])
})

const mailFrom = 'MAIL FROM:<ann@sender.example>'
const rcptTo = 'RCPT TO:<kim@example.org>'
const newId = () => `<${++serial}@sender.example>`
const fields = (id: string) => `From: ann@sender.example\r\nMessage-ID: ${id}\r\n`

async function greeted(): Promise<SmtpDialogue> {
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  return client
}

async function inData(): Promise<SmtpDialogue> {
  const client = await greeted()
  await client.pipeline([mailFrom, rcptTo, 'DATA'], ['250', '250', '354'])
  return client
}

describe('commands', () => {
  it('in the wrong order are refused, each with its reply', async () => {
    const client = await node.connect()
    await client.expect(null, '220')
    await client.expect(mailFrom, '503 5.5.1')
    await client.expect(rcptTo, '503 5.5.1')
    await client.expect('EHLO client.example', '250')
    await client.expect('DATA', '503 5.5.1')
    await client.expect(mailFrom, '250')
    await client.expect(mailFrom, '503 5.5.1')
    await client.expect('DATA', '554 5.5.1')
    await client.expect('AUTH PLAIN AGEAYQ==', '503 5.5.1')
    await client.expect('QUIT', '221')
    await client.closed()
  })

  it('without a line end, with NULs and of random octets are not run', async () => {
    const endless = await greeted()
    endless.write('MAIL FROM:<'.padEnd(1_000_000, 'x'))
    await endless.closed()
    const nulls = await greeted()
    nulls.write('MAIL FROM:<an\0n@sender.example>\r\n')
    await nulls.expect(null, '500 5.5.2')
    await nulls.expect('RCPT TO:<kim\0@example.org>', '500 5.5.2')
    await nulls.expect(rcptTo, '503 5.5.1')
    nulls.end()
    // Together, since each waits for the delays after its errors.
    const received = await Promise.all(Array.from({ length: 5 }, sendGarbage))
    for (const one of received) expect(one).not.toMatch(/^354/m)
  })

  it('after QUIT in the same packet have no effect', async () => {
    const client = await greeted()
    client.write(`QUIT\r\n${mailFrom}\r\n${rcptTo}\r\nDATA\r\n${fields(newId())}\r\nX\r\n.\r\n`)
    await client.expect(null, '221')
    await client.closed()
    expect(client.received.split('221')[1]).not.toMatch(/^(250|354)/m)
  })

  it('without progress end the session: floods of RSET, NOOP, unknown commands, VRFY, 10 000 recipients', async () => {
    const flood = async (first: string, line: (n: number) => string) => {
      const client = await greeted()
      client.write(first)
      client.write(Array.from({ length: 10_000 }, (_unused, n) => `${line(n)}\r\n`).join(''))
      // The last errors are delayed.
      await until(() => /^421 4\.7\.0/m.test(client.received), { what: 'the session to end', timeout: 25_000 })
      await client.closed()
      return client.received
    }
    const recipient = (n: number) => `RCPT TO:<r${n}@example.org>`
    const [many] = await Promise.all([
      flood(`${mailFrom}\r\n`, recipient),
      ...['RSET', 'NOOP', 'WHAT', 'VRFY kim'].map((word) => flood('', () => word)),
    ])
    expect(many.match(/^250 2\.1\.5/gm)).toHaveLength(1000)
  })

  it('injected after STARTTLS are dropped (RFC 3207 4.2)', async () => {
    const client = await greeted()
    client.write(`STARTTLS\r\n${mailFrom}\r\n${rcptTo}\r\n`)
    await client.expect(null, '220')
    await client.startTls()
    await client.expect('DATA', '503')
    await client.expect('EHLO client.example', '250')
    await client.expect(rcptTo, '503')
    await client.expect('QUIT', '221')
  })
})

describe('slow clients', () => {
  it('that send a command octet by octet get 421 and are closed', async () => {
    const client = await greeted()
    const started = Date.now()
    while (!/^421/m.test(client.received) && Date.now() - started < 10 * SILENCE_MS) {
      client.write('M')
      await sleep(100)
    }
    await client.expect(null, '421 4.4.2')
    await client.closed()
  })

  it('that are silent during a message get 421', async () => {
    const client = await inData()
    client.write(fields(newId()))
    await client.expect(null, '421 4.4.2')
    await client.closed()
  })

  it('in great number do not block others', async () => {
    const idle = await Promise.all(Array.from({ length: 50 }, () => greeted()))
    const other = await inData()
    const id = newId()
    await other.expect(`${fields(id)}\r\nX\r\n.`, '250')
    accepted.add(id)
    await Promise.all(idle.map((client) => client.closed()))
  })
})

describe('content', () => {
  const refused: readonly (readonly [string, (id: string) => string | Buffer, RegExp])[] = [
    [
      '40 000 folded header lines',
      (id) => `${fields(id)}Subject: x\r\n${' folded\r\n'.repeat(40_000)}\r\nX\r\n.\r\n`,
      /^5/,
    ],
    ['40 000 header fields', (id) => `${fields(id)}${'X: y\r\n'.repeat(40_000)}\r\nX\r\n.\r\n`, /^5/],
    ['a header line of 2 MB', (id) => `${fields(id)}Subject: ${'x'.repeat(2_000_000)}\r\n\r\nX\r\n.\r\n`, /^5/],
    ['a bare LF before the dot', (id) => `${fields(id)}\r\nX\n.\r\nMAIL FROM:<>\r\n.\r\n`, /^5/],
    ['a dot between bare LFs', (id) => `${fields(id)}\r\nX\n.\nMAIL FROM:<>\r\n.\r\n`, /^5/],
    ['a dot between bare CRs', (id) => `${fields(id)}\r\nX\r.\rMAIL FROM:<>\r\n.\r\n`, /^5/],
    ['NULs in the header', (id) => `${fields(id)}Sub\0ject: a\0b\r\n\r\nX\r\n.\r\n`, /^[25]/],
    ['NULs in the body', (id) => `${fields(id)}\r\nX\0Y\r\n.\r\n`, /^[25]/],
    ['no header at all', () => Buffer.concat([randomBytes(5000), Buffer.from('\r\n.\r\n')]), /^[25]/],
    ['8-bit header fields', (id) => Buffer.from(`${fields(id)}Subject: \xff\xfe\r\n\r\nX\r\n.\r\n`, 'latin1'), /^[25]/],
  ]

  it.each(refused)('with %s gets one valid reply', async (_what, make, wanted) => {
    const id = newId()
    const client = await inData()
    client.write(make(id))
    const reply = await client.reply()
    expect(reply.lines[0]).toMatch(wanted)
    expect(reply.lines[0]).toMatch(/^[25]\d\d [25]\.\d\.\d /)
    if (reply.code === 250) accepted.add(id)
    await client.expect('NOOP', '250')
    client.end()
  })

  it('above the size limit is refused, by SIZE at once and otherwise at its end', async () => {
    const client = await greeted()
    await client.expect(`${mailFrom} SIZE=99999999`, '552 5.3.4')
    await client.pipeline([mailFrom, rcptTo, 'DATA'], ['250', '250', '354'])
    const block = Buffer.alloc(1024 * 1024, 'line of seventy octets or so, again and again and again and again.\r\n')
    client.write(`${fields(newId())}\r\n`)
    for (let count = 0; count < 51; count++) {
      client.write(block)
      await sleep(0)
    }
    client.write('\r\n.\r\n')
    await client.expect(null, '552 5.3.4')
    client.end()
  })
})

describe('a connection that is dropped', () => {
  const id = '<dropped@sender.example>'
  const steps = [
    'EH',
    'LO client.example\r\n',
    'MAIL FROM:<ann@se',
    'nder.example>\r\n',
    'RCPT TO:<kim@exa',
    'mple.org>\r\n',
    'DA',
    'TA\r\n',
    'From: ann@sender',
    `.example\r\nMessage-ID: ${id}\r\n`,
    '\r\nSome',
    ` text.\r\n${'A body that is large enough for the spool.\r\n'.repeat(4000)}`,
    '\r\n',
    '.',
    '\r',
    '\n',
  ]

  it.each(['end', 'reset'] as const)('by %s after any step has no effect on others', async (how) => {
    for (let last = 0; last < steps.length; last++) {
      const client = await node.connect()
      await client.expect(null, '220')
      const heard = (code: number) => until(() => client.received.includes(`${code} `), { what: `${code}` })
      for (const step of steps.slice(0, last + 1)) {
        client.write(step)
        if (step.startsWith('LO')) await heard(250)
        if (step === 'TA\r\n') await heard(354)
      }
      if (last === steps.length - 1) unread.add(id)
      client[how]()
    }
  })

  it('during a TLS handshake has none either', async () => {
    for (const bytes of [0, 1, 100]) {
      const client = await greeted()
      await client.expect('STARTTLS', '220')
      client.write(Buffer.from([0x16, 0x03, 0x01, 0x40, 0x00, ...randomBytes(bytes)]))
      client.reset()
    }
  })
})

it('the ledger has exactly the accepted messages, and the spool is empty', async () => {
  await node.emptied()
  const events = node.ledger()
  const ids = events.filter((event) => event.kind === 'received').map((event) => event.messageId ?? '')
  const known = accepted.union(unread)
  expect(ids.filter((id) => id !== '' && !known.has(id))).toEqual([])
  expect([...accepted].filter((id) => !ids.includes(id) && !ids.includes(''))).toEqual([])
  expect(brokenPromises(events)).toEqual([])
  expect(node.spool()).toEqual([])
})
