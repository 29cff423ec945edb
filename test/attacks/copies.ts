// Strangers name a group of a thousand members again and again, with a new tag each time.

import { forwardingMx } from './forwarding-mx.ts'
import type { Attack, AttackStage } from './attack.ts'

const SESSIONS = 6
const MEMBERS = 1000
/** Transactions of a session, and the recipients of one. */
const TRANSACTIONS = 2
const RECIPIENTS = 1000
const members = Array.from({ length: MEMBERS }, (_, n) => `m${n}`)

export const copies: Attack = {
  name: 'copies',
  budgets: ['destinations', 'resolutionWork'],
  what: 'strangers from six networks name a group of 1000 members with 1000 tags, in each transaction',
  prepare: (world) =>
    forwardingMx(world, {
      yaml: { limits: { recipients: RECIPIENTS } },
      mail: {
        domains: ['example.org'],
        aliases: { group: members },
        forwards: {
          kim: 'kim@far.example',
          ...Object.fromEntries(members.map((name) => [name, `${name}@far.example`])),
        },
      },
    }),
  run: async (stage) => {
    await Promise.all(Array.from({ length: SESSIONS }, (_, site) => nameGroups(stage, site)))
  },
}

async function nameGroups({ connect, stranger, scale }: AttackStage, site: number): Promise<void> {
  for (let turn = 0; turn < TRANSACTIONS * scale; turn++) {
    const client = await connect(stranger(site))
    await client.expect(null, '220')
    await client.expect('EHLO stranger.example', '250')
    await client.expect('MAIL FROM:<eve@stranger.example>', '250')
    const named = Array.from({ length: RECIPIENTS }, (_, n) => `RCPT TO:<group+${site}-${turn}-${n}@example.org>\r\n`)
    client.write(`${named.join('')}QUIT\r\n`)
    await client.closed().catch(() => {})
  }
}
