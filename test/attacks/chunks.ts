// Strangers send messages by BDAT: in chunks of one octet, in chunks that they announce and do not send, and in refused chunks that the
// node has to read.

import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const SITES = 12
/** Chunks of one octet in one write; more than 1000 of a message are junk commands. */
const SMALL_CHUNKS = 900
/** Octets of a chunk that is announced. */
const ANNOUNCED = 40 * 1024 ** 2
/** Octets of each chunk without a transaction; its session ends after twenty errors. */
const REFUSED = 256 * 1024
const REFUSED_CHUNKS = 15

export const chunks: Attack = {
  name: 'chunks',
  budgets: ['sessions', 'spoolOctets', 'messageMemory', 'clientErrors'],
  what: 'strangers from twelve networks send chunks (BDAT) of one octet, chunks that never end, and chunks without a transaction',
  prepare: forwardingMx,
  run: async (stage) => {
    const sites = Array.from({ length: SITES }, (_, site) => site)
    const attacks = Array.from({ length: stage.scale }, () =>
      sites.flatMap((site) => [small(stage, site), endless(stage, site), refused(stage, site)]),
    )
    await Promise.all(attacks.flat())
  },
}

async function begin({ connect, stranger }: AttackStage, site: number): Promise<SmtpDialogue | null> {
  const client = await connect(stranger(site))
  try {
    await client.expect(null, '220')
    await client.expect('EHLO stranger.example', '250')
    return client
  } catch {
    // The listener gives this client no more sessions.
    return null
  }
}

async function addressed(stage: AttackStage, site: number): Promise<SmtpDialogue | null> {
  const client = await begin(stage, site)
  await client?.pipeline(['MAIL FROM:<eve@stranger.example>', 'RCPT TO:<kim@example.org>'], ['250', '250'])
  return client
}

async function small(stage: AttackStage, site: number): Promise<void> {
  const client = await addressed(stage, site)
  client?.write('BDAT 1\r\nx'.repeat(SMALL_CHUNKS))
  for (let chunk = 0; client && chunk < SMALL_CHUNKS; chunk++) await client.expect(null, '250')
}

async function endless(stage: AttackStage, site: number): Promise<void> {
  const client = await addressed(stage, site)
  client?.write(`BDAT ${ANNOUNCED}\r\nSubject: x\r\n\r\n${'x'.repeat(REFUSED)}`)
}

async function refused(stage: AttackStage, site: number): Promise<void> {
  const client = await begin(stage, site)
  const chunk = 'x'.repeat(REFUSED)
  for (let sent = 0; client && sent < REFUSED_CHUNKS; sent++) {
    client.write(`BDAT ${REFUSED} LAST\r\n`)
    client.write(chunk)
    await client.reply().catch(() => null)
  }
}
