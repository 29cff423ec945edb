// The spam check against a real rspamd: its protocol as it is spoken, and a whole mx node in front of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { createRspamd } from '../../src/filter/rspamd.ts'
import type { Rspamd } from '../../src/filter/rspamd.ts'
import type { Authentication } from '../../src/filter/authentication.ts'
import type { SpamRequest } from '../../src/filter/spam-scan.ts'
import { password, writeAccounts } from '../lib/accounts.ts'
import { contentOf } from '../lib/message.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { CHEAP, type RspamdPeer, startRspamd } from '../lib/peers/rspamd.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** The line that every filter must refuse; never whole in a file, or filters refuse the file. */
const gtube = ['XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-', 'STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'].join('')

function letter(subject: string, body: string): { header: Buffer; body: Buffer } {
  const lines = [
    'From: Ann <ann@stranger.example>',
    'To: kim@example.org',
    `Subject: ${subject}`,
    'Message-ID: <1@s.example>',
  ]
  return { header: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body: Buffer.from(`${body}\r\n`) }
}

const whole = (subject: string, body: string) => Buffer.concat(Object.values(letter(subject, body)))

describe.runIf(ensurePeers(['rspamd']))('rspamd', () => {
  let peer: RspamdPeer

  beforeAll(async () => {
    peer = await startRspamd()
  })
  afterAll(() => peer.close())

  describe('by its own protocol', () => {
    let client: Rspamd
    const request = (content: { header: Buffer; body: Buffer }): SpamRequest => ({
      queueId: 'Q1',
      remoteIp: '192.0.2.1',
      remoteName: null,
      helo: 'helo.stranger.example',
      sender: 'ann@stranger.example',
      recipients: ['kim@example.org', 'lee@example.org'],
      user: null,
      evidence: [],
      at: 1000,
      content: contentOf(content),
    })

    beforeAll(() => {
      const settings = { password: null, timeoutMs: 10_000, hostname: 'mx-01.example.org', ownResults: true }
      client = createRspamd({ ...settings, urls: [peer.url] }, systemClock)
    })
    afterAll(() => client.close())

    it('takes nothing for clean, a score for a rule, and its own words for the test pattern', async () => {
      expect(await client.scan(request(letter('Hello', 'A mail.')))).toMatchObject({
        kind: 'scanned',
        action: 'no action',
        score: 0,
        required: 15,
        symbols: [],
      })
      expect(await client.scan(request(letter(CHEAP.subject, 'A mail.')))).toMatchObject({
        action: 'add header',
        score: CHEAP.score,
        symbols: [{ name: 'CHEAP_WATCHES', score: CHEAP.score }],
      })
      expect(await client.scan(request(letter('Hello', gtube)))).toMatchObject({
        action: 'reject',
        message: 'Gtube pattern',
      })
    })

    it('understands envelope and client', async () => {
      await client.scan({ ...request(letter('Envelope', 'A mail.')), queueId: 'QENVELOPE', user: 'lee' })
      const asked = () => /asked qid: <QENVELOPE>.*/.exec(peer.log())?.[0]
      await until(() => asked() !== undefined, { what: 'rspamd to log the mail' })
      expect(asked()).toBe(
        'asked qid: <QENVELOPE> ip: 192.0.2.1 user: lee from: <ann@stranger.example> rcpts: <kim@example.org,lee@example.org>',
      )
    })

    it('reads a large mail, over TCP as over its socket', async () => {
      const settings = { password: null, timeoutMs: 10_000, hostname: 'mx-01.example.org', ownResults: true }
      const bySocket = createRspamd({ ...settings, urls: [peer.socketUrl] }, systemClock)
      const large = letter(CHEAP.subject, 'A line of a large mail.\r\n'.repeat(200_000))
      expect(await client.scan(request(large))).toMatchObject({ action: 'add header' })
      expect(await bySocket.scan(request(large))).toMatchObject({ action: 'add header' })
      bySocket.close()
    })

    it('takes the null sender and addresses in UTF-8', async () => {
      const clean = request(letter('Hello', 'A mail.'))
      for (const sender of [null, 'gr\u00fc\u00dfe@stranger.example'])
        expect(await client.scan({ ...clean, sender })).toMatchObject({ action: 'no action' })
    })
  })

  describe('that verifies senders, without an answer of the DNS', () => {
    let verifying: RspamdPeer
    const authentication: Authentication = {
      spf: { result: 'pass', domain: 'stranger.example', explanation: null },
      dkim: [{ result: 'fail', domain: 'stranger.example', selector: 's1', aligned: true, comment: null }],
      dmarc: {
        result: 'fail',
        domain: 'stranger.example',
        policy: 'reject',
        authors: [],
        problem: null,
        spfAligned: false,
        dkimAligned: false,
      },
      arc: { result: 'none' },
      results: '',
    }

    beforeAll(async () => {
      verifying = await startRspamd({ verifies: true })
    })
    afterAll(() => verifying.close())

    const symbolsOf = async (ownResults: boolean) => {
      const settings = { password: null, timeoutMs: 20_000, hostname: 'mx-01.example.org', ownResults }
      const client = createRspamd({ ...settings, urls: [verifying.url] }, systemClock)
      const request = {
        queueId: 'Q1',
        remoteIp: '192.0.2.1',
        remoteName: null,
        helo: 'helo.stranger.example',
        sender: 'ann@stranger.example',
        recipients: ['kim@example.org'],
        user: null,
        evidence: [],
        at: 1000,
        authentication,
        content: contentOf(letter('Hello', 'A mail.')),
      }
      const found = await client.scan(request)
      client.close()
      return found.kind === 'scanned' ? Object.fromEntries(found.symbols.map(({ name, score }) => [name, score])) : {}
    }

    it('uses the results of the node with its own weights, and looks nothing up', async () => {
      const found = await symbolsOf(true)
      expect(found).toMatchObject({ R_SPF_ALLOW: -0.2, R_DKIM_REJECT: 1, DMARC_POLICY_REJECT: 2 })
      expect(Object.keys(found)).not.toContain('R_SPF_DNSFAIL')
      expect(Object.keys(found)).not.toContain('R_DKIM_NA')
    })

    it('or verifies the message itself, where that is configured', async () => {
      const found = await symbolsOf(false)
      expect(found).toMatchObject({ R_SPF_DNSFAIL: 0.1, R_DKIM_NA: 0.1 })
      expect(Object.keys(found)).not.toContain('DMARC_POLICY_REJECT')
    })
  })

  describe('behind a submission node', () => {
    let world: World
    let node: WholeNode
    let far: SmtpPeer

    beforeAll(async () => {
      world = await startWorld()
      const accounts = await writeAccounts(world)
      far = await world.destination('far.example')
      node = await world.node({
        role: 'submission',
        listeners: ['submission', 'submissions'],
        mail: { domains: ['example.org'], aliases: { lee: 'lee@far.example' } },
        yaml: {
          ...accounts.yaml,
          peers: { mx: ['127.0.0.1:9'] },
          rspamd: { urls: [peer.url] },
          outgoing_spam: { action: 'refuse' },
        },
      })
    })
    afterAll(() => world.close())

    const send = (message: string) =>
      node.send({
        from: 'lee@example.org',
        to: ['kim@far.example'],
        message: `From: lee@example.org\r\nSubject: x\r\n\r\n${message}\r\n`,
        security: 'starttls',
        tls: { ca: world.ca.certificate, servername: 'node-1.example.org' },
        login: { user: 'lee', password },
      })

    it('judges mail of users, and what it takes for spam is refused with the reason', async () => {
      expect(await send('A mail.')).toMatchObject({ kind: 'accepted' })
      await until(() => far.messages.length === 1, { what: 'it to arrive' })
      expect(await send(gtube)).toMatchObject({
        kind: 'refused',
        reply: expect.stringMatching(
          /^550 5\.7\.1 This message looks like spam, score \S+ \(Gtube pattern\), and is not sent/,
        ),
      })
      expect(peer.log()).toMatch(/user: lee/)
    })
  })

  describe('behind an mx', () => {
    let world: World
    let mx: WholeNode
    let lists: SmtpPeer

    beforeAll(async () => {
      world = await startWorld()
      lists = await world.destination('lists.example')
      const host = String(world.dns.zone.get('mx.lists.example')?.A)
      mx = await world.node({
        role: 'mx',
        mail: {
          domains: ['example.org'],
          forwards: { kim: 'kim@home.example' },
          transports: { 'list@example.org': `smtp:[${host}]:${world.mxPort}` },
        },
        yaml: { peers: { srs: ['127.0.0.1:9'] }, rspamd: { urls: [peer.url] } },
      })
    })
    afterAll(() => world.close())

    const send = (to: string, message: Buffer) => mx.send({ to: [`${to}@example.org`], message })

    it('clean mail passes', async () => {
      expect(await send('list', whole('Clean', 'A mail.'))).toMatchObject({ kind: 'accepted' })
      await until(() => lists.messages.some((one) => one.data.includes('Subject: Clean')), { what: 'it to arrive' })
      expect(lists.messages.at(-1)?.data.toString()).toContain('X-Spam-Status: No, score=0 required=15\r\n')
    })

    it('GTUBE is refused at the end of data, and nothing is queued', async () => {
      await mx.emptied()
      expect(await send('list', whole('Hello', gtube))).toMatchObject({
        kind: 'refused',
        stage: 'send',
        reply: expect.stringMatching(/^554 5\.7\.1 Gtube pattern/),
      })
      expect(mx.queue()).toEqual([])
      expect(mx.spool()).toEqual([])
    })

    it('spam is marked for a list, and not forwarded', async () => {
      const spam = whole(CHEAP.subject, 'Buy.')
      expect(await send('kim', spam)).toMatchObject({ kind: 'refused', reply: expect.stringMatching(/^550 5\.7\.1 /) })
      expect(await send('list', spam)).toMatchObject({ kind: 'accepted' })
      await until(() => lists.messages.some((one) => one.data.includes(CHEAP.subject)), { what: 'it to arrive' })
      expect(lists.messages.at(-1)?.data.toString()).toContain('X-Spam-Flag: YES\r\n')
    })

    it('while it is stopped mail passes with a note, or is deferred, as configured', async () => {
      await peer.stop()
      expect(await send('list', whole('Unchecked', gtube))).toMatchObject({ kind: 'accepted' })
      const unchecked = () => mx.ledger().some((one) => one.kind === 'checked' && one.result === 'unavailable')
      await until(unchecked, { what: 'the event in the ledger' })
      await mx.stop()
      mx.configure({ rspamd: { urls: [peer.url], when_down: 'defer' } })
      await mx.start()
      expect(await send('list', whole('Deferred', 'A mail.'))).toMatchObject({
        kind: 'refused',
        reply: expect.stringMatching(/^451 4\.3\.0 /),
      })
      await peer.start()
      expect(await send('list', whole('Again', 'A mail.'))).toMatchObject({ kind: 'accepted' })
    })
  })
})
