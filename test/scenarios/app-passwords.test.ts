// App passwords at a whole submission node: login, limits, what the ledger says, and the last use.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let secret: string

const app = (...args: string[]) => runWaypost(['passwd', 'app', ...args, '-c', node.config])

beforeAll(async () => {
  world = await startWorld()
  await world.destination('far.example')
  const accounts = await writeAccounts(world)
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    start: false,
    mail: { domains: ['example.org'], users: { lee: ['lee', 'shop'], gina: null } },
    yaml: { ...accounts.yaml, app_passwords: 'apps', peers: { mx: ['mx-01.example.org'] } },
  })
  const added = await app('add', 'lee', '--label', 'phone', '--sender', 'shop@example.org', '--network', '127.0.0.0/8')
  secret = added.stdout.trim()
  expect(added.status).toBe(0)
  expect((await app('add', 'lee', '--label', 'abroad', '--network', '192.0.2.0/24')).status).toBe(0)
  await node.start()
})
afterAll(() => world.close())

const connected = async () => {
  const client = await node.connect({ tls: { rejectUnauthorized: false } })
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  return client
}
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('an app password', () => {
  it('logs in with PLAIN, and limits the senders in the envelope and in From:', async () => {
    const client = await connected()
    await client.expect(`AUTH PLAIN ${base64(`\0lee@example.org\0${secret}`)}`, '235')
    await client.expect('MAIL FROM:<lee@example.org>', '553 5.7.1')
    await client.expect('MAIL FROM:<shop@example.org>', '250')
    await client.expect('RCPT TO:<ann@far.example>', '250')
    await client.expect('DATA', '354')
    await client.expect('From: lee@example.org\r\nSubject: x\r\n\r\nx\r\n.', '553 5.7.1')
    await client.expect('MAIL FROM:<shop@example.org>', '250')
    await client.expect('RCPT TO:<ann@far.example>', '250')
    await client.expect('DATA', '354')
    await client.expect('From: shop@example.org\r\nSubject: x\r\n\r\nx\r\n.', '250')
    client.end()
    const received = node.ledger().filter(({ kind }) => kind === 'received')
    expect(received).toMatchObject([{ origin: 'user:lee (app phone)' }])
  })

  it('logs in with LOGIN, as a person types it', async () => {
    const client = await connected()
    await client.expect(`AUTH LOGIN ${base64('Lee')}`, '334')
    await client.expect(base64(secret.toUpperCase().replaceAll('-', ' ')), '235')
    client.end()
  })

  it('leaves the password of the person as it is', async () => {
    const client = await connected()
    await client.expect(`AUTH PLAIN ${base64(`\0lee\0${password}`)}`, '235')
    await client.expect('MAIL FROM:<lee@example.org>', '250')
    client.end()
  })
})

it('is listed with its last use, and counted, and warned about', async () => {
  await node.stop()
  const rows = JSON.parse((await app('list', 'lee', '--json')).stdout) as Record<string, unknown>[]
  expect(rows).toMatchObject([
    { label: 'phone', state: 'active', lastUsedFrom: expect.stringMatching(/^127\./) },
    { label: 'abroad', state: 'active', lastUsed: null, networks: ['192.0.2.0/24'] },
  ])
  expect(readFileSync(join(node.data, 'app-passwords-used'), 'utf8').trim().split('\n')).toHaveLength(1)
  expect((await app('add', 'gina', '--label', 'x', '--sender', 'lee@example.org')).status).toBe(0)
  const checked = await runWaypost(['check', '--offline', '-c', node.config])
  expect(checked.stderr).toContain('app password gina:x: lee@example.org has no effect: the user may not use it')
  expect(checked.stderr).toContain('app password gina:x: no login: the user does not exist')
})
