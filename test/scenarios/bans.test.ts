// Bans at a whole submission node: guesses become a ban that operators see, that outlives the death of the process, that spares the user
// where the user works, and that an operator ends. Every refusal is temporary.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Accounts, password, writeAccounts } from '../lib/accounts.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const GUESSER = '127.9.1.1'
const HOME = '127.9.2.1'

let world: World
let node: WholeNode
let accounts: Accounts
let sets: string

beforeAll(async () => {
  world = await startWorld()
  accounts = await writeAccounts(world)
  sets = join(world.folder, 'bans.nft')
  node = await world.node({
    role: 'submission',
    listeners: ['submission', 'submissions'],
    yaml: { ...accounts.yaml, peers: { mx: ['127.0.0.1:2599'] }, bans: { nftables: sets } },
  })
})
afterAll(() => world.close())

/** The replies to the greeting, and to each login until the session ends. */
async function logIn(localAddress: string, logins: readonly (readonly [user: string, secret: string])[]) {
  const client = await node.connect({ localAddress })
  const greeting = await client.reply()
  const replies = [greeting.code]
  if (greeting.code === 220) {
    await client.expect('EHLO client.example', '250')
    await client.expect('STARTTLS', '220')
    await client.startTls()
    await client.expect('EHLO client.example', '250')
    for (const [user, secret] of logins) {
      client.send(`AUTH PLAIN ${Buffer.from(`\0${user}\0${secret}`).toString('base64')}`)
      replies.push((await client.reply()).code)
    }
  }
  client.end()
  return replies
}

const ban = (...args: string[]) => runWaypost(['ban', ...args, '-c', node.config])
const list = async () => JSON.parse((await ban('list', '--json')).stdout) as { value: string; evidence: string }[]

async function guess(): Promise<void> {
  for (let round = 0; round < 11; round++)
    await logIn(GUESSER, [
      ['lee', 'a guess'],
      [`user${round}`, 'a guess'],
    ])
}

describe('a client that guesses passwords', () => {
  it('is banned, with a line, a list entry and a ledger event that have the evidence', async () => {
    expect(await logIn(HOME, [['lee', password]])).toEqual([220, 235])
    await guess()
    await until(async () => node.ledger().some(({ kind }) => kind === 'banned'), { what: 'the event' })
    expect(await list()).toMatchObject([
      { kind: 'address', value: GUESSER, by: 'node', evidence: expect.stringMatching(/^20 failed logins .*user:lee/) },
    ])
    expect((await ban('list')).stdout).toMatch(
      /^address {2}127\.9\.1\.1 {2}ends in \S+, by node: failed logins \(20 failed logins from 127\.9\.1\.1, of user:lee, user:user0, .*\)\n$/m,
    )
    const lines = () => node.log().filter((line) => line.includes('"event":"banned"'))
    await until(async () => lines().length === 1, { what: 'the log line' })
    expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ banned: 'address', ip: GUESSER, reason: 'failed logins' })
  })

  it('is refused at the connection, also after a kill', async () => {
    expect(await logIn(GUESSER, [])).toEqual([421])
    await node.stop('SIGKILL')
    await node.start()
    expect(await logIn(GUESSER, [])).toEqual([421])
    expect(await logIn('127.9.1.2', [])).toEqual([220])
  })

  it('does not lock out the user at a client where the user has logged in', async () => {
    expect(await logIn(HOME, [['lee', password]])).toEqual([220, 235])
  })

  it('is in the nftables set', async () => {
    await until(async () => existsSync(sets) && readFileSync(sets, 'utf8').includes(GUESSER), { what: 'the set' })
    expect(readFileSync(sets, 'utf8')).toMatch(/add element inet waypost_bans banned4 \{ 127\.9\.1\.1 timeout \d+s \}/)
  })

  it('may connect again when an operator ends the ban', async () => {
    expect(await ban('remove', GUESSER, '--reason', 'a printer')).toMatchObject({ status: 0 })
    expect(await ban('remove', GUESSER)).toMatchObject({ status: 1 })
    await until(async () => (await logIn(GUESSER, []))[0] === 220, { what: 'the connection' })
    await until(async () => node.ledger().some(({ kind }) => kind === 'unbanned'), { what: 'the event' })
    expect(await list()).toEqual([])
    // The failures are forgotten: the next wrong password is judged.
    expect(await logIn(GUESSER, [['lee', 'a guess']])).toEqual([220, 535])
  })
})

describe('an operator', () => {
  it('bans an account everywhere, and a network with all its clients', async () => {
    expect(await ban('add', 'Lee@example.org', '--for', '1h', '--reason', 'stolen')).toMatchObject({ status: 0 })
    expect(await logIn(HOME, [['lee', password]])).toEqual([220, 454])
    expect(await ban('remove', 'lee@example.org')).toMatchObject({ status: 0 })
    expect(await logIn(HOME, [['lee', password]])).toEqual([220, 235])
    expect(await ban('add', '127.9.0.0/16', '--for', '1h')).toMatchObject({ status: 0 })
    expect(await logIn(HOME, [])).toEqual([421])
    expect(await ban('remove', '127.9.0.0/16')).toMatchObject({ status: 0 })
  })
})
