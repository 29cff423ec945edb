// Strangers of many networks look for addresses. Soon they get the same answer for those that exist as for those that do not.

import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const SITES = 40
const CLIENTS_OF_SITE = 3
/** Sessions of a client, one after the other. */
const SESSIONS = 3
/** Guesses of a session: below the number of errors that delays replies. */
const GUESSES = 10
/** The share of all clients of the budget `unknownRecipients`: until then each client has its whole share. */
const ALL_JUDGED = 400
/** Then a client that delivered nothing has a tenth of its share, and one question may be under way. */
const JUDGED_OF_CLIENT = 3

export const harvesting: Attack = {
  name: 'harvesting',
  budgets: ['unknownRecipients', 'knownRecipients', 'clientErrors'],
  what: 'strangers from 40 networks look for addresses with 120 clients',
  prepare: forwardingMx,
  run: async (stage) => {
    const sites = Array.from({ length: SITES * stage.scale }, (_, site) => harvest(stage, site))
    const judged = (await Promise.all(sites)).reduce((total, count) => total + count, 0)
    const clients = sites.length * CLIENTS_OF_SITE
    if (judged > ALL_JUDGED + clients * JUDGED_OF_CLIENT) throw new Error(`${judged} guesses were judged`)
    const client = await begin(stage, 0, 1)
    const codes = [await name(client, 'kim@example.org'), await name(client, 'nobody@example.org')]
    if (codes.some((code) => code !== 450)) throw new Error(`a known and an unknown address got ${codes.join(' and ')}`)
    client.end()
  },
}

/** The guesses of a site that got a verdict on their address. */
async function harvest(stage: AttackStage, site: number): Promise<number> {
  let judged = 0
  for (let session = 0; session < SESSIONS * CLIENTS_OF_SITE; session++) {
    const client = await begin(stage, site, 1 + (session % CLIENTS_OF_SITE))
    for (let guess = 0; guess < GUESSES; guess++) {
      const code = await name(client, `user${site}x${session}x${guess}@example.org`)
      if (code === 550) judged++
      else if (code !== 450) throw new Error(`a guess got ${code}`)
    }
    client.end()
  }
  return judged
}

async function begin({ connect, stranger }: AttackStage, site: number, host: number): Promise<SmtpDialogue> {
  const client = await connect(stranger(site, host))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  await client.expect('MAIL FROM:<eve@stranger.example>', '250')
  return client
}

async function name(client: SmtpDialogue, address: string): Promise<number> {
  client.write(`RCPT TO:<${address}>\r\n`)
  return (await client.reply()).code
}
