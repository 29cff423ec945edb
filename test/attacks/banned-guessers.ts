// Strangers guess until each of them is banned, and try to connect again. The second client is a user who logs in from an address that is new.

import { password, writeAccounts } from '../lib/accounts.ts'
import type { Attack, AttackStage } from './attack.ts'

const SITES = 8
/** More sessions than a client needs to reach the limit of twenty failures, four in each. */
const MOST_SESSIONS = 12
const GUESSES = 4

export const bannedGuessers: Attack = {
  name: 'banned-guessers',
  budgets: ['bans', 'failedLoginsOfClient', 'passwordChecks'],
  what: 'strangers from eight networks guess passwords until all of them are banned, and connect again',
  prepare: async (world) => {
    const mx = await world.destination('mx-01.example.org')
    const accounts = await writeAccounts(world)
    const node = await world.node({
      role: 'submission',
      listeners: ['submission', 'submissions'],
      yaml: { ...accounts.yaml, peers: { mx: [`mx.mx-01.example.org:${world.mxPort}`] } },
      mail: { domains: ['example.org'], aliases: { lee: 'lee@far.example' } },
    })
    const good = { from: 'lee@example.org', to: 'lee@example.org', localAddress: world.newAddress() }
    return {
      node,
      good: { ...good, login: { user: 'lee', password } },
      arrived: () => mx.messages.filter(({ data }) => data.includes('<good-')).length,
    }
  },
  run: async (stage) => {
    const sites = Array.from({ length: SITES * stage.scale }, (_, site) => site)
    await Promise.all(sites.map((site) => guessUntilBanned(stage, site)))
  },
}

async function guessUntilBanned(stage: AttackStage, site: number): Promise<void> {
  for (let session = 0; session < MOST_SESSIONS; session++) if (await isRefused(stage, site, session)) return
  throw new Error(`a client was not banned after ${MOST_SESSIONS * GUESSES} guesses`)
}

/** One session with some guesses; true if the node refused the connection. */
async function isRefused({ connect, stranger }: AttackStage, site: number, session: number): Promise<boolean> {
  const client = await connect(stranger(site))
  const { code } = await client.reply()
  if (code === 421) return true
  await client.expect('EHLO stranger.example', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls()
  await client.expect('EHLO stranger.example', '250')
  for (let guess = 0; guess < GUESSES; guess++) {
    client.send(`AUTH PLAIN ${Buffer.from(`\0user${site}-${session}-${guess}\0guess`).toString('base64')}`)
    const answer = await client.reply()
    if (answer.code === 235) throw new Error('a guess was taken')
    if (answer.code === 421) break
  }
  client.end()
  return false
}
