// Forwarding through an mx and an srs node, checked as the destination checks it: a signed message arrives unchanged; one that
// would fail DMARC there is treated as its forward configures, and a forgery never gets our name. Verified with mailauth.

import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKey } from '../../src/dkim/key-store.ts'
import { keyRecord } from '../../src/dkim/key-record.ts'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { createAuthenticator } from '../../src/filter/verify-message.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { contentOf } from '../lib/message.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { PeerMessage, SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'
import { wire } from '../vectors/suites.ts'

const DOMAIN = 'stranger.example'
const mail = {
  domains: ['example.org'],
  aliases: { everybody: ['usual', 'wrapped', 'refusing', 'passing'] },
  forwards: {
    usual: 'usual@home.example',
    wrapped: { to: 'wrapped@home.example', when_dmarc_would_fail: 'wrap' },
    refusing: { to: 'refusing@home.example', when_dmarc_would_fail: 'reject' },
    passing: { to: 'passing@strict.example' },
  },
  forward_policies: { 'strict.example': 'pass' },
}

let world: World
let mx: WholeNode
let srs: WholeNode
let home: SmtpPeer
let strict: SmtpPeer
let stranger: SmtpPeer
let strangerKey: string
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  home = await world.destination('home.example')
  strict = await world.destination('strict.example')
  stranger = await world.destination(DOMAIN)
  await publish()
  srs = await world.node({ role: 'srs', mail, yaml: { arc: { seal: true } } })
  mx = await world.node({ role: 'mx', mail, yaml: { peers: { srs: [`${srs.address}:${srs.port}`] } } })
})
afterAll(() => world.close())

/** DNS records of the stranger, who signs, and of our domain. */
async function publish(): Promise<void> {
  const { zone } = world.dns
  const folder = join(world.folder, 'stranger')
  const wanted = { domain: DOMAIN, selector: 's1', algorithm: 'rsa-sha256', stage: 'active' } as const
  const made = await generateKey(folder, { ...wanted, now: Date.now() })
  if (made.kind === 'refused') throw new Error(made.problem)
  strangerKey = made.key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const own = createPrivateKey(readFileSync(join(world.folder, 'dkim/example.org/ed.pem')))
  for (const key of [
    made.key,
    { domain: 'example.org', selector: 'ed', algorithm: 'ed25519-sha256', privateKey: own } as const,
  ]) {
    const record = keyRecord(key)
    zone.set(record.name, { TXT: [record.chunks] })
  }
  zone.set(DOMAIN, { ...zone.get(DOMAIN), TXT: 'v=spf1 ip4:127.0.0.1 -all' })
  zone.set(`_dmarc.${DOMAIN}`, { TXT: 'v=DMARC1; p=reject' })
  zone.set('_dmarc.example.org', { TXT: 'v=DMARC1; p=reject' })
  zone.set('srs.example.org', { TXT: 'v=spf1 ip4:127.0.0.1 -all' })
  zone.set('1.0.0.127.in-addr.arpa', { PTR: `mail.${DOMAIN}` })
  zone.set(`mail.${DOMAIN}`, { A: '127.0.0.1' })
}

function letter(body = 'Hello.\r\n', from = `Ann <ann@${DOMAIN}>`): { id: string; text: string } {
  const id = `<${++serial}@${DOMAIN}>`
  return {
    id,
    text: `From: ${from}\r\nTo: press@example.org\r\nSubject: A  letter\r\nMessage-ID: ${id}\r\n\r\n${body}`,
  }
}

/** Simple canonicalization, so that a single changed space breaks the signature. */
async function signed(text: string): Promise<Buffer> {
  const options = { signingDomain: DOMAIN, selector: 's1', privateKey: strangerKey, canonicalization: 'simple/simple' }
  const { signatures } = await dkimSign(Buffer.from(text), { ...options, signatureData: [options] })
  return Buffer.from(`${signatures}${text}`)
}

async function send(to: string, message: string | Buffer, from: string | null = `ann@${DOMAIN}`) {
  return mx.send({ from, to: [`${to}@example.org`], message })
}

async function arrival(host: SmtpPeer, id: string, to: string): Promise<PeerMessage> {
  const isIt = (one: PeerMessage) => one.data.includes(id) && one.rcpts.some((line) => line.includes(`<${to}@`))
  await until(() => host.messages.some(isIt), { what: `${id} to arrive for ${to}` })
  return host.messages.find(isIt) as PeerMessage
}

/** The results of the destination. */
function judged(message: PeerMessage) {
  const { host, port } = world.dns
  const resolver = createStubResolver({ ...stubDefaults, servers: [{ host, port }] })
  return createAuthenticator({ clock: systemClock, resolver }).authenticate({
    remoteIp: '127.0.0.1',
    helo: 'node-1.example.org',
    sender: /^MAIL FROM:<([^>]*)>/.exec(message.mail)?.[1] || null,
    content: contentOf(wire(message.data.toString('latin1'))),
    authservId: 'destination.example',
    now: Date.now(),
  })
}

const decisions = (id: string) => {
  const events = srs.ledger()
  const ids = new Set(events.flatMap((one) => (one.kind === 'received' && one.messageId === id ? [one.queueId] : [])))
  return events.flatMap((one) =>
    one.kind === 'checked' && one.check === 'forward' && ids.has(one.queueId) ? [`${one.result}: ${one.detail}`] : [],
  )
}

describe('a message signed by its author', () => {
  it('arrives unchanged and passes DMARC there, whatever its forward configures', async () => {
    const body = 'Blanks at the end  \r\n\ttab\r\n.dot\r\n\r\nGr\u00fc\u00dfe\r\nempty lines:\r\n\r\n\r\n'
    const { id, text } = letter(body, `"Ann  A."\r\n\t<ann@${DOMAIN}>`)
    const message = await signed(text)
    for (const to of ['usual', 'wrapped', 'refusing']) {
      await send(to, message)
      const found = await arrival(home, id, to)
      expect(found.data.subarray(-message.length).equals(message)).toBe(true)
      const { dkim, dmarc } = await judged(found)
      expect(dkim.filter((one) => one.domain === DOMAIN)).toMatchObject([{ result: 'pass', aligned: true }])
      expect(dmarc).toMatchObject({ result: 'pass', domain: DOMAIN, spfAligned: false })
    }
    expect(decisions(id)).toEqual(Array(3).fill(`pass: predicted pass: the signature of ${DOMAIN} (s1) stays valid`))
  })

  it('has the results of the mx in an ARC seal', async () => {
    const { id, text } = letter()
    await send('usual', await signed(text))
    const found = await arrival(home, id, 'usual')
    expect((await judged(found)).arc.result).toBe('pass')
    const results = /^ARC-Authentication-Results:.*(?:\r\n\t.*)*/m.exec(found.data.toString())?.[0]
    expect(results).toMatch(/i=1; example\.org;[^]*dmarc=pass header\.from=stranger\.example policy\.dmarc=reject$/)
  })

  it('has the client name that forward-confirmed reverse DNS gives', async () => {
    const { id, text } = letter()
    await send('usual', await signed(text))
    const { data } = await arrival(home, id, 'usual')
    expect(data.toString()).toContain(`(mail.${DOMAIN} [127.0.0.1])`)
  })
})

describe('a message that passed by SPF alone', () => {
  it('gets a From: of ours with our signature and passes; replies go to its author', async () => {
    const { id, text } = letter()
    await send('usual', text)
    const found = await arrival(home, id, 'usual')
    const { dmarc, dkim } = await judged(found)
    expect(dmarc).toMatchObject({ result: 'pass', domain: 'srs.example.org', dkimAligned: true, spfAligned: true })
    expect(dkim).toMatchObject([{ result: 'pass', domain: 'example.org' }])
    const header = found.data.toString()
    expect(header).toContain('From: "Ann via example.org" <ann=stranger.example@srs.example.org>\r\n')
    expect(header).toContain(`Reply-To: Ann <ann@${DOMAIN}>\r\n`)
    expect(decisions(id)).toEqual([
      expect.stringMatching(/^rewrite-from: predicted fail: .*SPF alone.*by configuration$/),
    ])
  })

  it('is attached if its forward configures wrap', async () => {
    const { id, text } = letter('Hello inside.\r\n')
    await send('wrapped', text)
    const found = await arrival(home, id, 'wrapped')
    expect((await judged(found)).dmarc).toMatchObject({ result: 'pass', domain: 'srs.example.org' })
    const inside = found.data.toString().split('Content-Type: message/rfc822\r\n\r\n')[1]
    expect(inside).toContain(`\r\n${text}\r\n--=_`)
  })

  it('stays unchanged if the policy of the destination’s domain is pass', async () => {
    const { id, text } = letter()
    await send('passing', text)
    const found = await arrival(strict, id, 'passing')
    expect(found.data.toString().endsWith(text)).toBe(true)
    expect((await judged(found)).dmarc).toMatchObject({ result: 'fail' })
    expect(decisions(id)).toEqual([expect.stringMatching(/^pass: predicted fail: .*pass by .*mail\.yaml:\d+$/)])
  })

  it('is refused if its forward configures refuse, and its proven sender gets a bounce', async () => {
    const { id, text } = letter()
    await send('refusing', text)
    await until(() => stranger.messages.some((one) => one.data.includes(id)), { what: 'the bounce' })
    const report = stranger.messages.find((one) => one.data.includes(id))?.data.toString() ?? ''
    expect(report).toContain('Final-Recipient: rfc822;refusing@example.org')
    expect(report).toContain('Status: 5.7.1')
    expect(report).not.toContain('home.example')
    expect(srs.ledger().some((one) => one.kind === 'rejected' && one.cause.includes('SPF alone'))).toBe(true)
  })

  it('becomes several copies for several treatments, each with one final event, the refused one with a bounce', async () => {
    const { id, text } = letter(`${'A large body.\r\n'.repeat(9000)}`)
    await send('everybody', text)
    const copies = [
      await arrival(home, id, 'usual'),
      await arrival(home, id, 'wrapped'),
      await arrival(strict, id, 'passing'),
    ]
    for (const { data } of copies) expect(data.length).toBeGreaterThan(75_000)
    await until(() => stranger.messages.some((one) => one.data.includes(id)), { what: 'the bounce' })
    expect(
      decisions(id)
        .map((one) => one.split(':')[0])
        .toSorted((a, b) => (`${a}` < `${b}` ? -1 : 1)),
    ).toEqual(['pass', 'reject', 'rewrite-from', 'wrap'])
    await srs.emptied()
    expect(brokenPromises(srs.ledger())).toEqual([])
    await until(() => srs.spool().length === 0, { what: 'the spool to be empty' })
  })
})

describe('an author whom only a tolerant reader can read', () => {
  it.each([`Stranger, Ann [HR] <ann@${DOMAIN}>`, `ann@${DOMAIN}>`])('%s is treated as every other', async (from) => {
    const { id, text } = letter('Hello.\r\n', from)
    await send('usual', text)
    const found = await arrival(home, id, 'usual')
    expect((await judged(found)).dmarc).toMatchObject({ result: 'pass', domain: 'srs.example.org' })
    expect(decisions(id)).toEqual([
      expect.stringMatching(/^rewrite-from: predicted fail: .*; From: .*; rewrite-from by/),
    ])
  })

  it('that fails its policy is refused, also where policies of others are only recorded', async () => {
    const { text } = letter('Hello.\r\n', `ann@${DOMAIN}>`)
    const sent = await send('usual', text, 'evil@elsewhere.example')
    expect(sent).toMatchObject({ kind: 'refused', reply: expect.stringMatching(/^550 5\.7\.26 /) })
  })

  it('or who is not there is attached to a message of ours', async () => {
    const { id, text } = letter('Undelivered.\r\n', 'MAILER-DAEMON')
    await send('usual', text, null)
    const found = await arrival(home, id, 'usual')
    expect((await judged(found)).dmarc).toMatchObject({ result: 'pass', domain: 'srs.example.org', dkimAligned: true })
    expect(found.data.toString()).toContain(`\r\n${text}\r\n--=_`)
    expect(decisions(id)).toEqual([expect.stringMatching(/^wrap: the author is not clear: From: .*; wrap by config/)])
  })
})

describe('a forgery', () => {
  it('never gets our name: it is forwarded unchanged, for the destination to refuse', async () => {
    const { id, text } = letter('Give me money.\r\n')
    await send('usual', text, 'evil@elsewhere.example')
    const found = await arrival(home, id, 'usual')
    expect(found.data.toString().endsWith(text)).toBe(true)
    expect((await judged(found)).dmarc).toMatchObject({ result: 'fail', policy: 'reject' })
    expect(decisions(id)).toEqual([expect.stringContaining('failed DMARC on arrival')])
  })

  it('of the mx’s results has no effect', async () => {
    const { id, text } = letter()
    const results = `Authentication-Results: example.org; dkim=pass header.d=${DOMAIN} header.s=s1 policy.aligned=yes; dmarc=pass header.from=${DOMAIN} policy.dmarc=reject\r\n`
    await send('usual', results + text, 'evil@elsewhere.example')
    await arrival(home, id, 'usual')
    expect(decisions(id)).toEqual([expect.stringContaining('failed DMARC on arrival')])
  })
})

describe('waypost explain --message', () => {
  it('shows the treatment and the signature in advance', async () => {
    const { id, text } = letter()
    await send('usual', text)
    await arrival(home, id, 'usual')
    const file = join(world.folder, 'letter.eml')
    const asTheMxHandsOver = `Received: from mail.${DOMAIN} by mx\r\nAuthentication-Results: example.org; spf=pass; dkim=none; dmarc=pass header.from=${DOMAIN} policy.dmarc=reject\r\n${text}`
    writeFileSync(file, asTheMxHandsOver)
    const options = ['-c', srs.config, '--from', `ann@${DOMAIN}`, '--message', file]
    const usual = await runWaypost(['explain', 'usual@example.org', ...options])
    expect(usual.stdout).toMatch(
      /checked forward: rewrite-from \(predicted fail: .*\)\nsigned for example\.org, selector ed/,
    )
    const refusing = await runWaypost(['explain', 'refusing@example.org', ...options])
    expect(refusing.stdout).toMatch(/the message is rejected: 550 5\.7\.1 .*\(predicted fail: /)
    expect(refusing.status).toBe(1)
  })
})
