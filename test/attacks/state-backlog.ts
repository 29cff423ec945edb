// The disk of the shared state stands still for seconds, while strangers make the node ask it: for bans at each connection, and for the greylist
// at each sender. Requests wait in one bounded place, and mail is accepted.

import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { reverseName } from '../../src/dns/fcrdns.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const SITES = 40
const SESSIONS = 5
const SENDERS = 5
/** For how long a command holds the file of the greylist, ms: longer than the node waits for it. */
const HELD_MS = 4000

export const stateBacklog: Attack = {
  name: 'state-backlog',
  budgets: ['stateRequests', 'greylist'],
  what: 'strangers from forty networks connect 200 times and name 1000 senders, while the file of the greylist is locked for four seconds',
  prepare: async (world) => {
    const yaml = { greylist: { delay: '1h', when: ['no-client-name'], before_data: 'either' } }
    const target = await forwardingMx(world, { yaml })
    const { localAddress } = target.good
    world.dns.zone.set(reverseName(localAddress) ?? '', { PTR: ['mail.sender.example'] })
    world.dns.zone.set('mail.sender.example', { A: localAddress })
    return target
  },
  run: async (stage) => {
    // The file exists from the first sender on.
    await ask(stage, SITES * stage.scale + 1, 1)
    const db = new SqliteDatabase(join(stage.target.node.data, 'greylist.db'))
    db.exec('BEGIN IMMEDIATE')
    const release = new Promise<void>((resolve) => {
      setTimeout(() => {
        db.exec('ROLLBACK')
        db.close()
        resolve()
      }, HELD_MS)
    })
    const sites = Array.from({ length: SITES * stage.scale }, (_, site) => site)
    await Promise.all(sites.flatMap((site) => Array.from({ length: SESSIONS }, (_, n) => ask(stage, site, n + 1))))
    await release
  },
}

/** Without its state the greylist lets mail pass; with it, a new sender comes back later. */
async function ask({ connect, stranger }: AttackStage, site: number, host: number): Promise<void> {
  const client = await connect(stranger(site, host))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  for (let sender = 0; sender < SENDERS; sender++) {
    await client.expect(`MAIL FROM:<eve@s${site}-${host}-${sender}.example>`, '250')
    client.write('RCPT TO:<kim@example.org>\r\n')
    const { code } = await client.reply()
    if (code !== 250 && code !== 451) throw new Error(`a sender got ${code}`)
    await client.expect('RSET', '250')
  }
  client.end()
}
