// Strangers hold connections to the page for people, ask for pages without a pause, and guess passwords there. During it a person at another
// address signs in, and mail is accepted.

import { connect as connectTcp, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { password, writeAccounts } from '../lib/accounts.ts'
import { freePort } from '../lib/free-port.ts'
import { openBrowser, type PlaceOfPage } from '../lib/page-browser.ts'
import type { Attack, AttackStage } from './attack.ts'

const SITES = 12
const SILENT = 20
const REQUESTS = 40
const GUESSES = 6
const HONEST_SITE = 240

let place: PlaceOfPage
const silent: Socket[] = []

export const pageFlood: Attack = {
  name: 'page-flood',
  budgets: ['pageConnections', 'pageRequests', 'pageSessions', 'passwordChecks', 'failedLoginsOfClient'],
  what: 'strangers from twelve networks hold 240 silent connections to the page for people, ask for it 480 times and guess passwords there',
  prepare: async (world) => {
    const mx = await world.destination('mx-01.example.org')
    const accounts = await writeAccounts(world)
    const port = await freePort()
    const node = await world.node({
      role: 'submission',
      listeners: ['submission', 'submissions'],
      yaml: {
        ...accounts.yaml,
        peers: { mx: [`mx.mx-01.example.org:${world.mxPort}`] },
        self_service: { listen: `127.0.0.1:${port}` },
      },
      mail: { domains: ['example.org'], aliases: { lee: 'lee@far.example' } },
    })
    const host = /hostname: (\S+)/.exec(readFileSync(node.config, 'utf8'))?.[1] ?? ''
    place = { port, ca: world.ca.certificate, host }
    const good = { from: 'lee@example.org', to: 'lee@example.org', localAddress: world.newAddress() }
    return {
      node,
      good: { ...good, login: { user: 'lee', password } },
      arrived: () => mx.messages.filter(({ data }) => data.includes('<good-')).length,
      close: () => silent.splice(0).forEach((socket) => void socket.destroy()),
    }
  },
  run: async (stage) => {
    const sites = Array.from({ length: SITES * stage.scale }, (_, site) => site)
    for (const site of sites) for (let number = 0; number < SILENT; number++) holdOne(stage, site)
    const floods = sites.map((site) => flood(stage, site))
    await signIn(stage)
    await Promise.all(floods)
    await signIn(stage)
  },
}

function holdOne({ stranger }: AttackStage, site: number): void {
  const socket = connectTcp({ port: place.port, host: '127.0.0.1', localAddress: stranger(site) })
  socket.on('error', () => undefined)
  silent.push(socket)
}

/** Whatever is answered: refusals, closed connections and pages are all the same to a stranger. */
async function flood({ stranger }: AttackStage, site: number): Promise<void> {
  const browser = openBrowser({ ...place, localAddress: stranger(site, 2) })
  const ignored = () => null
  for (let turn = 0; turn < REQUESTS; turn++) await browser.get('/').catch(ignored)
  for (let turn = 0; turn < GUESSES; turn++)
    await browser.submit('/sign-in', { user: 'lee', password: `guess ${site} ${turn}` }).catch(ignored)
}

/** Throws unless the person gets in. */
async function signIn({ stranger }: AttackStage): Promise<void> {
  const browser = openBrowser({ ...place, localAddress: stranger(HONEST_SITE) })
  await browser.get('/')
  const shown = await browser.submit('/sign-in', { user: 'lee', password })
  if (shown.status !== 200 || !shown.body.includes('/password'))
    throw new Error(`the person did not get in: ${shown.status}`)
}
