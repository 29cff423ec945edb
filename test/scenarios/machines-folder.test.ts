// A folder with a file for each machine, as configuration management writes it: a new file admits a machine at a running node.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { keyFingerprint } from '../lib/accounts.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let folder: string

beforeAll(async () => {
  world = await startWorld()
  folder = join(world.folder, 'machines.d')
  mkdirSync(folder)
  node = await world.node({
    role: 'mta',
    listeners: ['submission'],
    yaml: { machines: folder, watch: true, peers: { mx: ['mx-01.example.org'] } },
  })
})
afterAll(() => world.close())

it('admits a machine whose file appears, only for its recipients', async () => {
  const { certificate, key } = world.ca.issue({ names: ['web-01.example.org'], client: true })
  const print = keyFingerprint(certificate)
  const limits = 'senders: [web@example.org], recipients: [kim@example.org]'
  writeFileSync(join(folder, 'web-01.yaml'), `machines:\n  - { name: web-01, fingerprints: ["${print}"], ${limits} }\n`)
  await until(() => node.log().some((line) => line.includes('reloaded')), { what: 'the reload' })
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO c.example', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls({ cert: certificate, key, rejectUnauthorized: false })
  await client.expect('EHLO c.example', '250')
  await client.expect('MAIL FROM:<web@example.org>', '250')
  await client.expect('RCPT TO:<friend@far.example>', '550 5.7.1')
  await client.expect('RCPT TO:<kim@example.org>', '250')
  const { stdout } = await runWaypost(['machine', 'list', '-c', node.config])
  expect(stdout).toMatch(/^web-01 {2}(?:in use|never seen)/)
})

it('admits a machine whose certificate is for servers only, as public authorities issue them', async () => {
  const [key, certificate] = ['servers.key', 'servers.pem'].map((name) => join(world.folder, name)) as [string, string]
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=web-02.example.org'
  const usage = ['-addext', 'extendedKeyUsage=serverAuth', '-keyout', key, '-out', certificate]
  execFileSync('openssl', [...request.split(' '), ...usage], { stdio: 'ignore' })
  const pem = readFileSync(certificate, 'utf8')
  const machine = `{ name: web-02, fingerprints: ["${keyFingerprint(pem)}"], senders: [web@example.org] }`
  const before = node.log().filter((line) => line.includes('reloaded')).length
  writeFileSync(join(folder, 'web-02.yaml'), `machines:\n  - ${machine}\n`)
  const reloads = () => node.log().filter((line) => line.includes('reloaded')).length
  await until(() => reloads() > before, { what: 'the reload' })
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO c.example', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls({ cert: pem, key: readFileSync(key, 'utf8'), rejectUnauthorized: false })
  await client.expect('EHLO c.example', '250')
  await client.expect('MAIL FROM:<web@example.org>', '250')
})
