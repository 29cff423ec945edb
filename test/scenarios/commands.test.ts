// Commands beside a running node: text, JSON, and exit codes.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKey } from '../../src/dkim/key-store.ts'
import type { Event } from '../../src/observe/events.ts'
import { password, writeAccounts } from '../lib/accounts.ts'
import { type Ran, runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
/** Queue IDs of a delivered message and of a deferred one. */
let deliveredId: string
let waitingId: string

const letter = (id: string) =>
  `From: ann@sender.example\r\nTo: kim@example.org\r\nSubject: A letter\r\nMessage-ID: ${id}\r\n\r\nHello.\r\n`

beforeAll(async () => {
  world = await startWorld()
  await world.destination('far.example')
  const accounts = await writeAccounts(world)
  const srsKey = { domain: 'srs.example.net', selector: 'ed', algorithm: 'ed25519-sha256', stage: 'active' } as const
  await generateKey(join(world.folder, 'dkim'), { ...srsKey, now: Date.now() })
  node = await world.node({
    role: 'srs',
    yaml: {
      ...accounts.yaml,
      srs: { domain: 'srs.example.net', secrets: ['../srs.secret'] },
      queue: { minimal_backoff: '1h', maximal_backoff: '1h', min_free: '1M' },
      log: { level: 'debug' },
    },
    mail: {
      domains: ['example.org'],
      aliases: { press: ['kim', 'late'], postmaster: 'kim' },
      forwards: { kim: 'kim@far.example', late: 'tempfail-rcpt@far.example' },
      discards: { noreply: 'this mailbox is not read' },
    },
  })
  deliveredId = await queued('kim', '<one@sender.example>')
  waitingId = await queued('late', '<two@sender.example>')
  await until(() => node.ledger().some(({ kind }) => kind === 'deferred'), { what: 'an attempt' })
})
afterAll(() => world.close())

async function queued(to: string, id: string): Promise<string> {
  const sent = await node.send({ to: [`${to}@example.org`], message: letter(id) })
  return /queued as (\S+)/.exec(sent.reply)?.[1] as string
}

const waypost = (command: string, ...args: string[]) => runWaypost([...command.split(' '), '-c', node.config, ...args])
const parsed = <T>(ran: Ran) => JSON.parse(ran.stdout) as T
/** The text without parts that differ from run to run. */
const steady = (text: string) =>
  text
    .replaceAll(dirname(node.config), 'DIR')
    .replaceAll(deliveredId, 'ID')
    .replaceAll(waitingId, 'ID2')
    .replaceAll(world.newAddress().replace(/\d+$/, ''), 'NET.')
    .replaceAll(String(world.mxPort), 'PORT')
    .replace(/NET\.\d+/g, 'NET.N')
    .replace(/SRS0=[^@ ]+/g, 'SRS0')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z/g, 'TIME')
    .replace(/in \d+[hm][^\s)]*/g, 'in AGE')
    .replace(/\(\d+[a-z0-9]*\)/g, '(AGE)')
    .replace(/\d+ bytes/g, 'N bytes')
    .replace(/delay [\d.]+ s/g, 'delay N s')
    // The size of a message contains the length of addresses, which differs from run to run.
    .replace(/(\(AGE\) {2})\d\S*/g, '$1SIZE')

describe('check', () => {
  it('exits with 0 without problems', async () => {
    const ran = await waypost('check')
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toMatch(/node\.yaml: ok\. srs node-1\.example\.org: smtp on 127\.[\d.]+:\d+; 1 routing file/)
    expect(parsed(await waypost('check', '--json'))).toMatchObject({ ok: true, problems: [], warnings: [] })
  })

  it('prints every problem with its position, and exits with 2', async () => {
    const bad = join(dirname(node.config), 'bad.yaml')
    writeFileSync(bad, 'role: mx\nhostname: 7\ncolour: blue\n')
    const ran = await runWaypost(['check', '-c', bad])
    expect(ran).toMatchObject({ status: 2, stdout: '' })
    expect(ran.stderr).toMatch(/bad\.yaml:2:11: hostname: found 7/)
    expect(ran.stderr).toMatch(/bad\.yaml:3:1: colour: found an unknown key/)
    const json = await runWaypost(['check', '-c', bad, '--json'])
    expect(json.status).toBe(2)
    expect(parsed<{ problems: { line: number }[] }>(json).problems.map(({ line }) => line)).toEqual(
      expect.arrayContaining([2, 3]),
    )
    expect(await runWaypost(['check', '-c', join(world.folder, 'absent.yaml')])).toMatchObject({ status: 2 })
  })
})

describe('explain', () => {
  it('prints every step with its source', async () => {
    const ran = await waypost('explain', 'press@example.org', '--from', 'ann@sender.example')
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(`\n${steady(ran.stdout)}`).toMatchInlineSnapshot(`
      "
      press@example.org: 2 destinations

      1. kim@far.example (leaves our domains; bounces do not name it)
         alias: press@example.org → kim@example.org  [DIR/mail.yaml:4]
           forward: kim@example.org → kim@far.example  [DIR/mail.yaml:9]
             srs: ann@sender.example → SRS0@srs.example.net  [configuration]
               # sender and kim@far.example are both foreign
         next hop   mx:far.example
         MAIL FROM  <SRS0@srs.example.net>

      2. tempfail-rcpt@far.example (leaves our domains; bounces do not name it)
         alias: press@example.org → late@example.org  [DIR/mail.yaml:4]
           forward: late@example.org → tempfail-rcpt@far.example  [DIR/mail.yaml:10]
             srs: ann@sender.example → SRS0@srs.example.net  [configuration]
               # sender and tempfail-rcpt@far.example are both foreign
         next hop   mx:far.example
         MAIL FROM  <SRS0@srs.example.net>
      "
    `)
  })

  it('prints JSON: the resolution that the node uses', async () => {
    const found = parsed<{ resolution: { destinations: { recipient: string; nextHop: string }[] } }>(
      await waypost('explain', 'kim@example.org', '--from', 'ann@sender.example', '--json'),
    )
    expect(found).toMatchObject({ origin: { kind: 'peer', role: 'mx' }, refused: null })
    expect(found.resolution.destinations).toMatchObject([{ recipient: 'kim@far.example', nextHop: 'mx:far.example' }])
  })

  it('exits with 1 if the recipient is not accepted', async () => {
    const ran = await waypost('explain', 'unknown@example.org', '--from', 'ann@sender.example')
    expect(ran.status).toBe(1)
    // The mx has accepted the address, so the routing data of the two nodes differ for a moment.
    expect(ran.stdout).toContain('450 4.1.1')
    expect(await waypost('explain', 'noreply@example.org')).toMatchObject({ status: 0 })
    expect(await waypost('explain', 'what is this')).toMatchObject({ status: 2 })
  })
})

describe('trace', () => {
  it.each([
    ['a queue id', () => deliveredId],
    ['a message-id', () => '<one@sender.example>'],
    ['a final address', () => 'kim@far.example'],
    ['an original address', () => 'kim@example.org'],
  ])('finds a mail by %s', async (_what, subject) => {
    const events = parsed<Event[]>(await waypost('trace', subject(), '--json'))
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'checked' && kind !== 'timed')
    expect(kinds).toEqual(['received', 'resolved', 'unsigned', 'delivered'])
    expect(new Set(events.map(({ queueId }) => queueId))).toEqual(new Set([deliveredId]))
  })

  it('finds all messages of a sender', async () => {
    const events = parsed<Event[]>(await waypost('trace', 'ann@sender.example', '--json'))
    expect(new Set(events.map(({ queueId }) => queueId))).toEqual(new Set([deliveredId, waitingId]))
  })

  it('prints one line per event', async () => {
    const text = steady((await waypost('trace', deliveredId)).stdout)
    expect(`\n${text.replace(/.* check(?:ed|s took) .*\n/g, '')}`).toMatchInlineSnapshot(`
      "
      ID
        TIME  received from unknown[127.0.0.1], sender <ann@sender.example>, N bytes, origin peer:mx (nothing), Message-ID <one@sender.example>
        TIME  resolved kim@example.org to kim@far.example, next hop mx:far.example, MAIL FROM <SRS0@srs.example.net>
                                    forward kim@example.org -> kim@far.example (DIR/mail.yaml:9)
                                    next-hop kim@far.example -> mx:far.example (RFC 5321 5.1)
                                    srs ann@sender.example -> SRS0@srs.example.net (configuration)
        TIME  not signed: no key for sender.example
        TIME  delivered to kim@far.example at mx.far.example[NET.N]:PORT without TLS (starttls-not-supported), sender <ann@sender.example>, N bytes, delay N s, attempt 1: 250 2.0.0 kept
      "
    `)
  })

  it('exits with 1 without events', async () => {
    expect(await waypost('trace', 'unknown@nowhere.example')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'no events for unknown@nowhere.example\n',
    })
    expect(await waypost('trace', 'unknown@nowhere.example', '--json')).toMatchObject({ status: 1, stdout: '[]\n' })
  })
})

describe('queue', () => {
  it('list prints recipients with state and last reply', async () => {
    const ran = await waypost('queue list')
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(`\n${steady(ran.stdout)}`).toMatchInlineSnapshot(`
      "
      ID2  TIME (AGE)  SIZE  <ann@sender.example>
          tempfail-rcpt@far.example  deferred, next hop mx:far.example, 1 attempt
            next attempt TIME (in AGE): back-off after 1 attempt
            last attempt TIME: mx.far.example[NET.N]:PORT: 450 4.2.0 not now (rcpt) [server-trouble]
      1 message
      "
    `)
    expect(parsed(await waypost('queue list', '--json'))).toMatchObject([
      { queueId: waitingId, recipients: [{ address: 'tempfail-rcpt@far.example', state: 'deferred', attempts: 1 }] },
    ])
  })

  it('list filters', async () => {
    const count = async (...args: string[]) => parsed<unknown[]>(await waypost('queue list', ...args, '--json')).length
    expect(await count('--sender', '*@sender.example')).toBe(1)
    expect(await count('--sender', '<>')).toBe(0)
    expect(await count('--recipient', 'late@example.org')).toBe(1)
    expect(await count('--destination', 'mx:far.example', '--state', 'deferred')).toBe(1)
    expect(await count('--state', 'held')).toBe(0)
    expect(await count('--reply', 'not now')).toBe(1)
    expect(await count('--older-than', '1h')).toBe(0)
    expect(await waypost('queue list', '--older-than', 'long')).toMatchObject({ status: 2 })
    expect(await waypost('queue list', '--state', 'held')).toMatchObject({ status: 0, stdout: 'no messages\n' })
  })

  it('show has recipients, header and events', async () => {
    const ran = await waypost('queue show', waitingId)
    expect(ran).toMatchObject({ status: 0, stderr: '' })
    expect(ran.stdout).toContain('Subject: A letter')
    expect(ran.stdout).toContain('450 4.2.0 not now')
    expect(parsed(await waypost('queue show', waitingId, '--json'))).toMatchObject({
      queueId: waitingId,
      header: expect.stringContaining('Subject: A letter'),
      events: expect.arrayContaining([expect.objectContaining({ kind: 'deferred' })]),
    })
    expect(await waypost('queue show', deliveredId)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is not in the queue'),
    })
  })
})

describe('srs', () => {
  it('encodes and decodes with the secrets of the node', async () => {
    const encoded = await waypost('srs encode', 'ann@sender.example')
    expect(encoded).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^SRS0=.+=sender\.example=ann@srs\.example\.net\n$/),
    })
    const decoded = await waypost('srs decode', encoded.stdout.trim())
    expect(decoded.status).toBe(0)
    expect(decoded.stdout).toContain('ann@sender.example')
    expect(parsed(await waypost('srs decode', encoded.stdout.trim(), '--json'))).toMatchObject({
      address: expect.anything(),
    })
    expect(await waypost('srs decode', encoded.stdout.trim().replace('ann', 'bob'))).toMatchObject({ status: 1 })
    expect(await waypost('srs turn', 'x@y.example')).toMatchObject({ status: 2 })
  })
})

describe('dkim and verify', () => {
  it('verify accepts what dkim signs, and rejects changes', async () => {
    const keys = join(world.folder, 'keys')
    mkdirSync(keys)
    const made = await runWaypost([
      'dkim',
      'keygen',
      '--keys',
      keys,
      '--domain',
      'sender.example',
      '--active',
      '--json',
    ])
    expect(made.status).toBe(0)
    const records = parsed<unknown>(await runWaypost(['dkim', 'records', '--keys', keys, '--json']))
    const published = JSON.stringify(records)
    for (const { record } of records as { record: { name: string; text: string } }[])
      world.dns.zone.set(record.name, { TXT: record.text })
    expect(published).toContain('_domainkey.sender.example')
    const signed = await runWaypost(['dkim', 'sign', '--keys', keys], letter('<three@sender.example>'))
    expect(signed.status).toBe(0)
    expect(signed.stdout.match(/^DKIM-Signature:/gm)).toHaveLength(2)
    const dns = `${world.dns.host}:${world.dns.port}`
    const verify = (message: string, ...more: string[]) =>
      runWaypost(
        ['verify', '--ip', '192.0.2.1', '--helo', 'x.example', '--from', 'ann@sender.example', '--dns', dns, ...more],
        message,
      )
    const proven = await verify(signed.stdout)
    expect(proven).toMatchObject({ status: 0, stdout: expect.stringContaining('The author is proven.') })
    expect(parsed(await verify(signed.stdout, '--json'))).toMatchObject({
      proven: true,
      dkim: [{ result: 'pass' }, { result: 'pass' }],
    })
    expect(await verify(signed.stdout.replace('Hello', 'Hallo'))).toMatchObject({ status: 1 })
    expect(await verify(letter('<four@sender.example>'))).toMatchObject({ status: 1 })
    expect(await verify(signed.stdout, '--ip', 'nonsense')).toMatchObject({ status: 2 })
  })
})

describe('passwd', () => {
  it('verify accepts the output of hash', async () => {
    const hashed = await runWaypost(['passwd', 'hash'], `${password}\n`)
    expect(hashed.status).toBe(0)
    const hash = hashed.stdout.trim()
    const verify = (given: string) => runWaypost(['passwd', 'verify', '--hash', hash], `${given}\n`)
    expect(await verify(password)).toMatchObject({ status: 0 })
    expect(await verify('guess')).toMatchObject({ status: 1 })
    const file = join(world.folder, 'passwd')
    const inFile = (user: string, given: string) =>
      runWaypost(['passwd', 'verify', '--file', file, '--user', user, '--json'], `${given}\n`)
    expect(await inFile('lee', password)).toMatchObject({ status: 0 })
    expect(await inFile('lee', 'guess')).toMatchObject({ status: 1 })
    expect(await inFile('unknown', 'guess')).toMatchObject({ status: 1 })
    expect(await runWaypost(['passwd', 'hash', '--scheme', 'ROT13'], 'x\n')).toMatchObject({ status: 2 })
  })
})

describe('send', () => {
  it('prints the dialogue and the result', async () => {
    const via = ['--via', `${node.address}:${node.port}`, '--from', 'ann@sender.example']
    const sent = await runWaypost(['send', ...via, '--to', 'kim@example.org', '--starttls', '--insecure'])
    expect(sent.status).toBe(0)
    expect(sent.stdout).toMatch(/^S: 220 node-1\.example\.org ESMTP$/m)
    expect(sent.stdout).toMatch(/^C: STARTTLS$/m)
    expect(sent.stdout).toMatch(/^accepted: 250 2\.0\.0 Ok: queued as \S+$/m)
    const partly = await runWaypost([
      'send',
      ...via,
      '--to',
      'kim@example.org',
      '--to',
      'unknown@example.org',
      '--json',
    ])
    expect(partly.status).toBe(1)
    expect(parsed(partly)).toMatchObject({ kind: 'accepted', rejected: [{ recipient: 'unknown@example.org' }] })
    expect(
      await runWaypost(['send', '--via', `${node.address}:1`, '--from', 'a@b.example', '--to', 'c@d.example']),
    ).toMatchObject({
      status: 1,
    })
    expect(
      await runWaypost(['send', '--via', 'nowhere', '--from', 'a@b.example', '--to', 'c@d.example']),
    ).toMatchObject({ status: 2 })
  })
})

describe('an invalid command line', () => {
  it.each([[['frobnicate']], [['queue', 'frobnicate']], [['trace']], [['check', '--colour']]])(
    '%j exits with 2',
    async (args) => {
      const ran = await runWaypost(args)
      expect(ran).toMatchObject({ status: 2, stdout: '' })
      expect(ran.stderr).toMatch(/error: /)
    },
  )

  it('a data directory without a queue is reported', async () => {
    const other = await world.node({ role: 'srs', start: false })
    const ran = await runWaypost(['queue', 'list', '-c', other.config])
    expect(ran).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^no queue in .*: queue\.db does not exist\n$/),
    })
  })
})
