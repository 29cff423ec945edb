// Strangers send messages whose verification takes as long as a message can take: keys with long public exponents, ten forms of a body of
// white space, and header sections whose signatures sign many fields.

import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const SESSIONS = 16
const MESSAGES = 5
const SIGNATURES = 10
const KEY_BITS = 3072

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS })
const { n = '' } = publicKey.export({ format: 'jwk' })
const body = Buffer.alloc(200_000, 'ab \t \r\n')
const forged = Buffer.alloc(KEY_BITS / 8, 7).toString('base64')
const fields = Array.from({ length: 400 }, (_, number) => `X-${number}: ${'a '.repeat(40)}\r\n`).join('')
const names = ['from', ...Array.from({ length: 200 }, (_, number) => `x-${number}`)].join(':')

export const verificationAttack: Attack = {
  name: 'verification',
  budgets: ['verifications', 'longVerifications'],
  what: 'strangers from sixteen networks send messages with ten signatures, expensive keys and bodies that are slow to hash',
  prepare: async (world) => {
    for (let number = 0; number < SIGNATURES; number++)
      world.dns.zone.set(`k${number}._domainkey.evil.example`, { TXT: keyRecord(number) })
    return forwardingMx(world)
  },
  run: async (stage) => {
    await Promise.all(Array.from({ length: SESSIONS }, (_, site) => send(stage, site)))
  },
}

/** Half of the keys have an exponent as long as the modulus. */
function keyRecord(number: number): string {
  const e = number % 2 === 0 ? 'AQAB' : n.replace(/.$/, '8')
  const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
  return `v=DKIM1; p=${key.export({ type: 'spki', format: 'der' }).toString('base64')}`
}

async function send({ connect, stranger, scale }: AttackStage, site: number): Promise<void> {
  const client = await connect(stranger(site))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  for (let turn = 0; turn < MESSAGES * scale; turn++) {
    await client.expect('MAIL FROM:<x@evil.example>', '250')
    await client.expect('RCPT TO:<kim@example.org>', '250')
    await client.expect('DATA', '354')
    client.write(message)
    // Accepted or deferred: what counts is the second client.
    await client.reply()
  }
  client.send('QUIT')
}

/** The body hashes are right, so that the keys are used; each signature asks for another form of the body. */
const signatures = Array.from({ length: SIGNATURES }, (_, number) => {
  const length = body.length - number
  const hash = createHash('sha256').update(body.subarray(0, length)).digest('base64')
  const tags = `v=1; a=rsa-sha256; c=relaxed/simple; d=evil.example; s=k${number}; l=${length}`
  return `DKIM-Signature: ${tags}; h=${names}; bh=${hash}; b=${forged}\r\n`
})
const message = Buffer.concat([
  Buffer.from(`${signatures.join('')}${fields}From: x@evil.example\r\n\r\n`),
  body,
  Buffer.from('\r\n.\r\n'),
])
