// A stranger sends to a forward with a new sender each time that is too long for SRS, so that the srs node must store a token for each.

import { budgetTable } from '../../src/budget/budget-table.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { forwardingMx } from './forwarding-mx.ts'
import type { Attack, AttackStage } from './attack.ts'

/** Transactions of a session: RSET counts as junk above a hundred. */
const TRANSACTIONS = 90
const SESSIONS = 15
/** What comes back during the attack. */
const MOST = budgetTable.srsTokenSites.capacity + 50
const OTHER_SITE = 200

export const srsTokens: Attack = {
  name: 'srs-tokens',
  budgets: ['srsTokens', 'srsTokenSites', 'srsTokenDomains'],
  what: 'strangers of one network send to a forward with 1350 senders that are too long for SRS',
  prepare: forwardingMx,
  run: async (stage) => {
    let accepted = 0
    // One round after the other: a network has a share of the sessions.
    for (let round = 0; round < stage.scale; round++) {
      const sessions = Array.from({ length: SESSIONS }, (_, n) => invent(stage, round * SESSIONS + n))
      accepted += (await Promise.all(sessions)).reduce((total, count) => total + count, 0)
    }
    if (accepted > MOST) throw new Error(`${accepted} senders of one network were accepted`)
    const client = await open(stage, OTHER_SITE, 1)
    const code = await named(client, sender('good', 1))
    if (code !== 250) throw new Error(`the long sender of another network got ${code}`)
    client.end()
  },
}

function sender(name: string, n: number): string {
  return `${name}-${n}-${'a'.repeat(40)}@lists-${n}.stranger.example`
}

async function open({ connect, stranger }: AttackStage, site: number, host: number): Promise<SmtpDialogue> {
  const client = await connect(stranger(site, host))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  return client
}

async function named(client: SmtpDialogue, from: string): Promise<number> {
  await client.expect(`MAIL FROM:<${from}>`, '250')
  client.write('RCPT TO:<kim@example.org>\r\n')
  return (await client.reply()).code
}

/** The senders that were accepted, until the node has refused some. */
async function invent(stage: AttackStage, number: number): Promise<number> {
  const client = await open(stage, 0, 1 + (number % 250))
  let accepted = 0
  let refused = 0
  for (let n = 0; n < TRANSACTIONS && refused < 5; n++) {
    const code = await named(client, sender('x', number * TRANSACTIONS + n))
    if (code === 250) accepted++
    else if (code === 450) refused++
    else throw new Error(`a long sender got ${code}`)
    await client.expect('RSET', '250')
  }
  client.end()
  return accepted
}
