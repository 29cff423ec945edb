// Strangers of one network, and of many, invent senders, so that the greylist needs an entry for each. A network has its share; the entry of
// an honest sender stays.

import { reverseName } from '../../src/dns/fcrdns.ts'
import { budgetTable } from '../../src/budget/budget-table.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

/** Below the number of errors that delays replies. */
const SENDERS_OF_SESSION = 10
const CLIENTS_OF_SITE = 25
const OTHER_SITES = 30
const HONEST_SITE = 240
const SHARE = budgetTable.greylist.network

export const greylistEntries: Attack = {
  name: 'greylist-entries',
  budgets: ['greylist'],
  what: 'strangers invent 250 senders in one network and 300 in 30 others, so that the greylist needs an entry for each',
  prepare: async (world) => {
    const yaml = { greylist: { delay: '1h', when: ['no-client-name'], before_data: 'either' } }
    const target = await forwardingMx(world, { yaml })
    // The second client has a name, and never waits.
    const { localAddress } = target.good
    world.dns.zone.set(reverseName(localAddress) ?? '', { PTR: ['mail.sender.example'] })
    world.dns.zone.set('mail.sender.example', { A: localAddress })
    return target
  },
  run: async (stage) => {
    await ask(stage, HONEST_SITE, 1, ['honest.example'])
    for (let round = 0; round < stage.scale; round++) await flood(stage, 0, CLIENTS_OF_SITE, round)
    for (let site = 1; site <= OTHER_SITES * stage.scale; site += 10)
      await Promise.all(Array.from({ length: 10 }, (_, n) => flood(stage, site + n, 1, 0)))
    const listed = await runWaypost(['greylist', 'list', '-c', stage.target.node.config, '--limit', '100000'])
    const lines = listed.stdout.split('\n')
    const ofNetwork = lines.filter((line) => line.includes(stage.stranger(0, 0).replace(/0$/, '0/24')))
    if (ofNetwork.length > SHARE + 1) throw new Error(`one network has ${ofNetwork.length} entries`)
    if (!ofNetwork.some((line) => line.includes('all mail')))
      throw new Error('the network has no entry for all its mail')
    if (!lines.some((line) => line.includes('honest.example')))
      throw new Error('the entry of the honest sender is gone')
  },
}

async function flood(stage: AttackStage, site: number, clients: number, round: number): Promise<void> {
  for (let host = 1; host <= clients; host++) {
    const senders = Array.from({ length: SENDERS_OF_SESSION }, (_, n) => `s${site}-${host}-${round}-${n}.example`)
    await ask(stage, site, host, senders)
  }
}

/** Throws unless each of these senders must come back. */
async function ask(stage: AttackStage, site: number, host: number, domains: readonly string[]): Promise<void> {
  const client = await stage.connect(stage.stranger(site, host))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  for (const domain of domains) {
    await client.expect(`MAIL FROM:<eve@${domain}>`, '250')
    const code = await named(client)
    if (code !== 451) throw new Error(`a new sender got ${code}`)
    await client.expect('RSET', '250')
  }
  client.end()
}

async function named(client: SmtpDialogue): Promise<number> {
  client.write('RCPT TO:<kim@example.org>\r\n')
  return (await client.reply()).code
}
