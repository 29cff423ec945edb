// A login that does not hold any more ends the sessions that it opened: idle ones at once, others at the next command, and never a message that
// is arriving.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAppSecret } from '../../src/auth/app-password.ts'
import { writeAppLine } from '../../src/auth/app-password-line.ts'
import { hashPassword } from '../../src/auth/schemes.ts'
import { password, writeAccounts } from '../lib/accounts.ts'
import type { Accounts } from '../lib/accounts.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let mta: WholeNode
let accounts: Accounts
let apps: string
const secret = createAppSecret()

const writeApps = (changes: object = {}) => {
  const limits = { created: Date.now(), expires: null, networks: [], senders: [] }
  writeFileSync(apps, `${writeAppLine({ user: 'lee', label: 'phone', secret, ...limits, salt: null, ...changes })}\n`)
}
const writeUsers = (hash: string) => writeFileSync(accounts.yaml.users, `lee:${hash}\n`)
const quick = (text: string) => hashPassword('SSHA512', text)
const first = quick(password)

beforeAll(async () => {
  world = await startWorld()
  await world.destination('far.example')
  accounts = await writeAccounts(world)
  apps = join(world.folder, 'apps')
  writeApps()
  const mail = { domains: ['example.org'], users: { lee: null } }
  const peers = { mx: ['mx-01.example.org'] }
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail,
    yaml: { ...accounts.yaml, app_passwords: apps, peers },
  })
  mta = await world.node({ role: 'mta', listeners: ['submission'], mail, yaml: { ...accounts.yaml, peers } })
})
afterAll(() => world.close())
beforeEach(async () => {
  writeUsers(first)
  writeApps()
  await node.reload()
})

async function loggedIn(given: string) {
  const client = await node.connect({ tls: { rejectUnauthorized: false } })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect(`AUTH PLAIN ${Buffer.from(`\0lee\0${given}`).toString('base64')}`, '235')
  return client
}

const GONE = '421 4.7.0'

describe('a changed password and a removed app password', () => {
  it('end the sessions, after the messages that are arriving', async () => {
    const idle = await Promise.all([loggedIn(password), loggedIn(secret)])
    const busy = await Promise.all([loggedIn(password), loggedIn(secret)])
    for (const client of busy) {
      await client.expect('MAIL FROM:<lee@example.org>', '250')
      await client.expect('RCPT TO:<ann@far.example>', '250')
      await client.expect('DATA', '354')
      client.write('From: lee@example.org\r\nSubject: half\r\n')
    }
    writeUsers(quick('another'))
    writeFileSync(apps, '# none\n')
    expect(await node.reload()).toContain('"msg":"reloaded"')
    for (const client of idle) {
      await client.expect(null, GONE)
      await client.closed()
    }
    const [main, app] = busy
    await main.expect('\r\nthe other half\r\n.', '250 2.0.0')
    await app.expect('\r\nthe other half\r\n.', '451 4.3.0')
    for (const client of busy) {
      await client.expect(null, GONE)
      await client.closed()
    }
    expect(node.log().join('\n')).toContain('the session ends: the password of user:lee changed')
    expect(node.log().join('\n')).toContain('the session ends: app password phone of user:lee was removed')
  })
})

it('does not end the sessions of a password that stays', async () => {
  const [main, app] = [await loggedIn(password), await loggedIn(secret)]
  writeUsers(`${first}\nkim:${first}`)
  await node.reload()
  const ended = await loggedIn(secret)
  writeFileSync(apps, '# none\n')
  await node.reload()
  await ended.expect(null, GONE)
  await app.expect(null, GONE)
  await main.expect('NOOP', '250')
  main.end()
})

it('ends the session of a machine that is removed', async () => {
  const { certificate, key } = accounts.machine
  const client = await mta.connect()
  await client.expect(null, '220')
  await client.expect('EHLO ci-01.example.org', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls({ cert: certificate, key, rejectUnauthorized: false })
  await client.expect('EHLO ci-01.example.org', '250')
  await client.expect('MAIL FROM:<ci-01@example.org>', '250')
  const others = `machines: [{ name: ci-02, fingerprints: ["sha256:${'0'.repeat(64)}"], senders: [] }]\n`
  writeFileSync(accounts.yaml.machines, others)
  expect(await mta.reload()).toContain('"msg":"reloaded"')
  await client.expect(null, GONE)
  await client.closed()
})
