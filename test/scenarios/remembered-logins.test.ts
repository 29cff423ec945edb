// Logins at a whole node: a password that was right costs one hash until a reload or a change, and a wrong one costs a hash each time.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hashPassword } from '../../src/auth/schemes.ts'
import { password, writeAccounts } from '../lib/accounts.ts'
import { freePort } from '../lib/free-port.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let page: string
let users: string

beforeAll(async () => {
  world = await startWorld()
  const { yaml } = await writeAccounts(world)
  ;({ users } = yaml)
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}/metrics`
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail: { domains: ['example.org'], users: { lee: null } },
    yaml: { ...yaml, peers: { mx: ['mx-01.example.org'] }, admin: { listen: `127.0.0.1:${admin}` } },
  })
})
afterAll(() => world.close())

async function login(word: string): Promise<number> {
  const port = node.ports['submissions'] as number
  const client = await node.connect({ port, tls: { rejectUnauthorized: false } })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  client.send(`AUTH PLAIN ${Buffer.from(`\0lee\0${word}`).toString('base64')}`)
  const { code } = await client.reply()
  client.send('QUIT')
  await client.closed()
  return code
}

/** Passwords by result so far. */
async function counts(): Promise<Record<string, number>> {
  const text = await (await fetch(page)).text()
  const lines = text.matchAll(/^waypost_password_checks_total\{result="(\w+)"\} (\d+)$/gm)
  return Object.fromEntries([...lines].map(([, result = '', value]) => [result, Number(value)]))
}

it('computes one hash for several logins, also for those at the same time', async () => {
  expect(await Promise.all([login(password), login(password), login(password)])).toEqual([235, 235, 235])
  expect(await login(password)).toBe(235)
  const { match, remembered = 0 } = await counts()
  expect(match).toBe(1)
  // Attempts that waited for the same hash are not counted as remembered.
  expect(remembered).toBeGreaterThanOrEqual(1)
})

it('computes a hash for each wrong password', async () => {
  for (let i = 0; i < 3; i++) expect(await login('guess')).toBe(535)
  expect((await counts())['mismatch']).toBe(3)
})

it('forgets at a reload, and refuses the old password after a change', async () => {
  await node.reload()
  expect(await login(password)).toBe(235)
  expect((await counts())['match']).toBe(2)
  writeFileSync(users, `lee:${hashPassword('SHA512-CRYPT', 'another pass phrase')}\n`, { mode: 0o600 })
  await node.reload()
  expect(await login(password)).toBe(535)
  expect(await login('another pass phrase')).toBe(235)
})

it('remembers nothing with a time of 0', async () => {
  node.configure({ login: { remember_for: 0 } })
  await node.reload()
  const { match: before = 0 } = await counts()
  for (let i = 0; i < 2; i++) expect(await login('another pass phrase')).toBe(235)
  expect((await counts())['match']).toBe(before + 2)
})
