// Strangers cause DNS questions to silent name servers, by the keys of signatures and by the names of their addresses, while one of them
// forges mail of a domain with p=reject.

import { forwardingMx } from './forwarding-mx.ts'
import type { Attack, AttackStage } from './attack.ts'

/** Messages, each with ten signatures of other domains, from twenty addresses. */
const MESSAGES = 40
const SITES = 20
const SIGNATURES = 10
/** Short connections from other networks, whose reverse zones are silent. */
const CONNECTIONS = 250
/** Forgeries, one after the other. */
const FORGERIES = 12
const FORGERY_PAUSE_MS = 400

export const dnsPlaces: Attack = {
  name: 'dns-places',
  budgets: ['dnsQuestions', 'dnsWaiting'],
  what: 'strangers send mail with keys in silent zones and connect from silent reverse zones; a forgery of p=reject is never accepted',
  prepare: (world) => {
    world.dns.zone.set('_dmarc.bank.example', { TXT: 'v=DMARC1; p=reject' })
    world.dns.zone.set('bank.example', { TXT: 'v=spf1 -all' })
    return forwardingMx(world, { yaml: { dmarc: { reject: true } } })
  },
  run: async (stage) => {
    const { scale } = stage
    const mails = Array.from({ length: MESSAGES * scale }, (_, number) => sendSigned(stage, number))
    const connections = Array.from({ length: CONNECTIONS * scale }, (_, number) => connectShortly(stage, number))
    await forge(stage)
    await Promise.all([...mails, ...connections])
  },
}

async function sendSigned(stage: AttackStage, number: number): Promise<void> {
  const { world, connect, stranger } = stage
  const domains = Array.from({ length: SIGNATURES }, (_, key) => `silent-${number}-${key}.example`)
  for (const domain of domains) world.dns.zone.set(`s._domainkey.${domain}`, { fail: 'TIMEOUT' })
  const signatures = domains.map(
    (domain) => `DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=s; h=from; bh=AAAA; b=AAAA`,
  )
  const from = `eve@silent-${number}.example`
  await sendMail(connect, stranger(number % SITES), from, [...signatures, `From: ${from}`])
}

async function connectShortly({ world, connect, stranger }: AttackStage, number: number): Promise<void> {
  const address = stranger(SITES + number)
  world.dns.zone.set(`${address.split('.').toReversed().join('.')}.in-addr.arpa`, { fail: 'TIMEOUT' })
  const client = await connect(address)
  await client.expect(null, '220').catch(() => {})
  client.reset()
}

/** Throws if the node takes a forgery. */
async function forge({ connect, stranger, scale }: AttackStage): Promise<void> {
  for (let turn = 0; turn < FORGERIES * scale; turn++) {
    const reply = await sendMail(connect, stranger(SITES - 1, 2), 'eve@evil.example', ['From: boss@bank.example'])
    if (reply.startsWith('2')) throw new Error(`a forgery was accepted: ${reply}`)
    await new Promise((resolve) => setTimeout(resolve, FORGERY_PAUSE_MS))
  }
}

/** The reply to the message, or the refusal before it. */
async function sendMail(
  connect: AttackStage['connect'],
  address: string,
  from: string,
  header: readonly string[],
): Promise<string> {
  const client = await connect(address)
  try {
    await client.expect(null, '220')
    await client.expect('EHLO stranger.example', '250')
    await client.expect(`MAIL FROM:<${from}>`, '250')
    await client.expect('RCPT TO:<kim@example.org>', '250')
    await client.expect('DATA', '354')
    client.send(`${header.join('\r\n')}\r\n\r\nHello.\r\n.`)
    return (await client.reply()).lines.join(' | ')
  } catch (error) {
    return (error as Error).message
  } finally {
    client.end()
  }
}
