// Strangers use an SRS address as a relay to its sender, and guess others from many networks. A host that has delivered a
// bounce before delivers the next one during the attack.

import { encodeSrs } from '../../src/route/srs/srs.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { forwardingMx } from './forwarding-mx.ts'
import type { Attack, AttackStage } from './attack.ts'

/** Messages to the known address, spread over the sites. */
const MESSAGES = 300
const SITES = 30
/** Guesses of a session, below the number of errors that ends it. */
const GUESSES = 15
const GUESSING_SESSIONS = 60
/** The capacity of the budget `srsBounces`, and some that come back during the attack. */
const MOST_BOUNCES = 55
/** The site of the host that delivers bounces; none of the strangers is in it. */
const BOUNCING_SITE = 10_000

export const srsRelay: Attack = {
  name: 'srs-relay',
  budgets: ['srsGuesses', 'allSrsGuesses', 'srsBounces', 'srsTargets'],
  what: 'strangers from 30 networks send 300 messages to one SRS address, and guess others from 60 networks',
  prepare: async (world) => {
    await world.destination('victim.example')
    return forwardingMx(world)
  },
  run: async (stage) => {
    await mustBounce(stage, 'first')
    const relayed = await Promise.all(Array.from({ length: SITES }, (_, site) => relay(stage, site)))
    const passed = relayed.reduce((total, count) => total + count, 0)
    if (passed > MOST_BOUNCES) throw new Error(`${passed} messages of strangers passed to the victim`)
    const sessions = Array.from({ length: GUESSING_SESSIONS * stage.scale }, (_, n) => guess(stage, SITES + n))
    const judged = (await Promise.all(sessions)).reduce((total, count) => total + count, 0)
    if (judged > 250) throw new Error(`${judged} guesses were judged`)
    await mustBounce(stage, 'second')
  },
}

function srsAddress(sender: string): string {
  const settings = { domain: 'srs.example.org', secrets: ['a secret only for tests'], hashLength: 8 }
  const made = encodeSrs(sender, Date.now(), settings)
  if (made.kind !== 'rewritten') throw new Error(made.kind)
  return made.address
}

async function session({ connect, stranger }: AttackStage, site: number): Promise<SmtpDialogue> {
  const client = await connect(stranger(site))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  return client
}

/** Sends a bounce and returns the code of the reply to it. */
async function bounce(client: SmtpDialogue, address: string): Promise<number> {
  await client.expect('MAIL FROM:<>', '250')
  client.write(`RCPT TO:<${address}>\r\n`)
  const { code } = await client.reply()
  if (code !== 250) {
    await client.expect('RSET', '250')
    return code
  }
  await client.expect('DATA', '354')
  client.write('Subject: Undelivered\r\n\r\nNot delivered.\r\n.\r\n')
  return (await client.reply()).code
}

/** The bounces that pass. */
async function relay(stage: AttackStage, site: number): Promise<number> {
  const address = srsAddress('ann@victim.example')
  const client = await session(stage, site)
  let passed = 0
  for (let n = 0; n < MESSAGES / SITES; n++) {
    const code = await bounce(client, address)
    if (code === 250) passed++
    else if (code !== 450) throw new Error(`a bounce beyond the limit got ${code}`)
  }
  client.end()
  return passed
}

/** The guesses that got a verdict on their hash. */
async function guess(stage: AttackStage, site: number): Promise<number> {
  const client = await session(stage, site)
  await client.expect('MAIL FROM:<>', '250')
  const victim = `=2W=victim.example=u${site}@srs.example.org`
  let judged = 0
  for (let n = 0; n < GUESSES; n++) {
    client.write(`RCPT TO:<SRS0=${n.toString(32).padStart(8, 'a')}${victim}>\r\n`)
    const { code } = await client.reply()
    if (code === 550) judged++
    else if (code !== 450) throw new Error(`a guess got ${code}`)
  }
  client.end()
  return judged
}

async function mustBounce(stage: AttackStage, name: string): Promise<void> {
  const client = await session(stage, BOUNCING_SITE)
  const code = await bounce(client, srsAddress(`${name}@victim.example`))
  if (code !== 250) throw new Error(`the ${name} good bounce got ${code}`)
  client.end()
}
