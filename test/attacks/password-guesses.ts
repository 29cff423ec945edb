// Strangers guess passwords in parallel, of an account that exists and of many that do not. The second client is the user of that account.

import { password, writeAccounts } from '../lib/accounts.ts'
import type { Attack, AttackStage } from './attack.ts'

const SITES = 30
/** Sessions of one client at a time, below its share of the sessions. */
const PARALLEL = 4
const ROUNDS = 2

export const passwordGuesses: Attack = {
  name: 'password-guesses',
  budgets: [
    'passwordChecks',
    'failedLoginsOfClient',
    'failedLoginsOfSite',
    'failedLoginsOfAccount',
    'accountFailuresOfSite',
    'failedLoginsOfPair',
  ],
  what: 'strangers from thirty networks guess the password of a user in 120 sessions at once',
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
    const clients = Array.from({ length: SITES }, (_, site) => site)
    for (let round = 0; round < ROUNDS * stage.scale; round++)
      await Promise.all(clients.flatMap((site) => Array.from({ length: PARALLEL }, () => guess(stage, site))))
  },
}

async function guess({ connect, stranger }: AttackStage, site: number): Promise<void> {
  const client = await connect(stranger(site))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls()
  await client.expect('EHLO stranger.example', '250')
  for (const user of ['lee', `user${site}`]) {
    client.send(`AUTH PLAIN ${Buffer.from(`\0${user}\0guess`).toString('base64')}`)
    const { code } = await client.reply()
    if (code === 235) throw new Error(`a guess was taken for ${user}`)
  }
  client.end()
}
