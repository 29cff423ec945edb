// Strangers begin messages with long header sections and do not finish them.

import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const SITES = 40
/** Sessions of one client, below its share. */
const SESSIONS = 20
const LINE = `X-Filler: ${'x'.repeat(980)}\r\n`
/** Below the limit of the header section, 256 KiB. */
const LINES = 250

export const unfinishedHeaders: Attack = {
  name: 'unfinished-headers',
  budgets: ['messageMemory', 'sessions'],
  what: 'strangers from forty networks send 250 KB of header in 800 sessions and never finish it',
  prepare: forwardingMx,
  run: async (stage) => {
    const sessions = Array.from({ length: SITES * SESSIONS }, (_, i) => i % SITES)
    await Promise.all(sessions.map((site) => begin(stage, site)))
  },
}

async function begin({ connect, stranger }: AttackStage, site: number): Promise<void> {
  const client = await connect(stranger(site))
  try {
    await client.expect(null, '220')
    await client.expect('EHLO stranger.example', '250')
    await client.expect('MAIL FROM:<eve@stranger.example>', '250')
    await client.expect('RCPT TO:<kim@example.org>', '250')
    await client.expect('DATA', '354')
  } catch {
    // The listener gives this client no more sessions, or ends them.
    return
  }
  client.write(LINE.repeat(LINES))
}
