// Strangers send commands without pause, in long pipelines.

import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { forwardingMx } from './forwarding-mx.ts'
import type { Attack, AttackStage } from './attack.ts'

const SESSIONS = 10
const PIPELINES = 20
/** NOOP commands of one pipeline: below the number that ends the session as junk. */
const COMMANDS = 90

export const commandFlood: Attack = {
  name: 'command-flood',
  budgets: ['sessions'],
  what: 'strangers from ten networks send long pipelines of commands without a pause',
  prepare: forwardingMx,
  run: async (stage) => {
    await Promise.all(Array.from({ length: SESSIONS }, (_, site) => flood(stage, site)))
  },
}

async function flood({ connect, stranger, scale }: AttackStage, site: number): Promise<void> {
  const commands = 'NOOP\r\n'.repeat(COMMANDS)
  for (let turn = 0; turn < PIPELINES * scale; turn++) {
    const client = await connect(stranger(site))
    await client.expect(null, '220')
    client.write(`EHLO stranger.example\r\n${commands}QUIT\r\n`)
    await drained(client)
  }
}

/** The server closes after QUIT; the replies are of no interest. */
async function drained(client: SmtpDialogue): Promise<void> {
  await client.closed().catch(() => {})
}
