// Smarthosts that ask for access tokens: the recipes of docs/how-to/send-through-microsoft-or-google.md with whole nodes, a token server and
// mail servers on loopback. Only hosts, URLs and the authority are replaced.

import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { startTokenServer, type TokenServer } from '../lib/token-server.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/send-through-microsoft-or-google.md'), 'utf8')
const recipes = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)].map(([, indent = '', yaml = '']) =>
  yaml.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
)
const USER = 'relay@example.org'
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

let world: World
let tokens: TokenServer
const relays: SmtpPeer[] = []

beforeAll(async () => {
  world = await startWorld()
  const issued = world.ca.issue({ names: ['localhost'], ips: ['127.0.0.1'] })
  const options = { clientId: 'CLIENT_ID', tokenLength: 2000, deviceInterval: 1, rotates: true, serviceKey: publicKey }
  tokens = await startTokenServer({ ...options, tls: issued })
})
afterAll(async () => {
  await world.close()
  await Promise.all([...relays.map((one) => one.close()), tokens.close()])
})

/** A relay under the name of the recipe. */
async function relay(host: string, mechanisms: readonly ('XOAUTH2' | 'OAUTHBEARER')[]) {
  const { certificate: cert, key } = world.ca.issue({ names: [host] })
  const address = world.newAddress()
  const auth = { mechanisms, user: USER, password: 'none', isToken: (token: string) => tokens.isValid(token) }
  const peer = await startSmtpPeer({ tls: { cert, key }, auth, host: address })
  relays.push(peer)
  world.dns.zone.set(host, { A: address })
  return peer
}

/** The recipe with places of this test. */
function adapt(recipe: string, peer: SmtpPeer | null): Record<string, unknown> {
  const local = recipe
    .replaceAll(/https:\/\/login\.microsoftonline\.com\/TENANT_ID\/oauth2\/v2\.0\/token/g, tokens.url)
    .replaceAll(/https:\/\/login\.microsoftonline\.com\/TENANT_ID\/oauth2\/v2\.0\/devicecode/g, tokens.deviceUrl)
    .replaceAll(':587"', `:${peer?.port ?? 0}"`)
  const yaml = parse(local) as {
    oauth_clients: Record<string, object>
    delivery?: { destinations: Record<string, object> }
  }
  for (const client of Object.values(yaml.oauth_clients)) Object.assign(client, { ca: '../ca.pem' })
  for (const one of Object.values(yaml.delivery?.destinations ?? {})) Object.assign(one, { ca: '../ca.pem' })
  return { ...yaml, delivery: { ...yaml.delivery, mx_port: world.mxPort } }
}

async function start(yaml: Record<string, unknown>, files: Record<string, string>): Promise<WholeNode> {
  const node = await world.node({ role: 'srs', start: false, yaml })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(node.config, '..', name), text, { mode: 0o600 })
  await node.start()
  return node
}

async function send(node: WholeNode): Promise<void> {
  const message =
    'Authentication-Results: example.org; spf=pass; dmarc=pass header.from=sender.example\r\nFrom: ann@sender.example\r\n\r\nHello.\r\n'
  expect((await node.send({ to: ['kim@example.org'], message })).reply).toMatch(/^250/)
}

const arrives = (peer: SmtpPeer, count = 1) =>
  until(() => peer.messages.length === count, { what: `message ${count}`, timeout: 15_000 })

describe('Microsoft 365', () => {
  let peer: SmtpPeer
  let node: WholeNode
  let adminPort = 0
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text()

  it('defers mail while the secret is wrong, and says so', async () => {
    peer = await relay('smtp.office365.com', ['XOAUTH2'])
    adminPort = await freePort()
    const yaml = { ...adapt(recipes[0] as string, peer), admin: { listen: `127.0.0.1:${adminPort}` } }
    node = await start(yaml, { 'microsoft.secret': 'wrong\n' })
    await send(node)
    await until(() => node.ledger().some(({ kind }) => kind === 'deferred'), { what: 'the deferral' })
    const deferred = node.ledger().find(({ kind }) => kind === 'deferred')
    expect(JSON.stringify(deferred)).toContain('invalid_client: AADSTS7000215')
    expect(await ask('/healthz')).toContain('microsoft: no access token: invalid_client: AADSTS7000215')
    expect(await ask('/metrics')).toContain('waypost_oauth_client_works{client="microsoft"} 0')
    const tested = await runWaypost(['oauth', 'test', 'microsoft', '-c', node.config])
    expect(tested.status).toBe(1)
    expect(tested.stderr).toContain('AADSTS7000215')
  })

  it('sends it when the secret is corrected, without a restart', async () => {
    writeFileSync(join(node.config, '../microsoft.secret'), 'secret of the client\n')
    await arrives(peer)
    expect(peer.messages[0]).toMatchObject({ tls: true })
    expect(tokens.forms.at(-1)).toMatchObject({
      grant_type: 'client_credentials',
      scope: 'https://outlook.office365.com/.default',
    })
    expect(await ask('/metrics')).toContain('waypost_oauth_client_works{client="microsoft"} 1')
    const log = node.log().join('\n')
    expect(log).toContain('no access token')
    expect(log).not.toContain('secret of the client')
    expect(log).not.toContain('tttttttt')
  })

  it('gets a new token if the old one was revoked', async () => {
    tokens.revokeAll()
    // Kept connections are still logged in.
    await until(() => peer.open === 0, { what: 'the idle connection to close', timeout: 15_000 })
    await send(node)
    await arrives(peer, 2)
    await node.emptied()
    await node.stop()
  })
})

describe('Google', () => {
  it('gets mail with a token of a service account', async () => {
    const peer = await relay('smtp.gmail.com', ['OAUTHBEARER', 'XOAUTH2'])
    const key = { client_email: 'relay@project.example', private_key: privateKey, token_uri: tokens.url }
    const node = await start(adapt(recipes[1] as string, peer), { 'google.json': JSON.stringify(key) })
    await send(node)
    await arrives(peer)
    expect(peer.commands.some(({ line }) => line === 'AUTH OAUTHBEARER')).toBe(true)
    await node.stop()
  })
})

describe('the login of a person', () => {
  it('is stored by the command, and found by waypost check before', async () => {
    const node = await world.node({ role: 'srs', start: false, yaml: adapt(recipes[2] as string, null) })
    const client = { client_secret_file: 'client.secret' }
    const yaml = adapt(recipes[2] as string, null) as { oauth_clients: { person: object } }
    node.configure({ oauth_clients: { person: { ...yaml.oauth_clients.person, ...client } } })
    writeFileSync(join(node.config, '../client.secret'), 'secret of the client\n', { mode: 0o600 })
    const before = await runWaypost(['check', '--offline', '-c', node.config])
    expect(before.stderr).toContain('run waypost oauth login person')
    tokens.approve()
    const login = await runWaypost(['oauth', 'login', 'person', '-c', node.config])
    expect(login.stderr).toBe('')
    expect(login.stdout).toContain('Open https://login.example/device and enter the code WXYZ-1234')
    const file = join(node.data, 'oauth/person.token')
    expect(readFileSync(file, 'utf8')).toBe(`${tokens.refreshToken()}\n`)
    const tested = await runWaypost(['oauth', 'test', '--json', '-c', node.config])
    expect(JSON.parse(tested.stdout)).toEqual([{ client: 'person', seconds: 3600, problem: null }])
    // The server replaced the token, and the file has the new one.
    expect(readFileSync(file, 'utf8')).toBe(`${tokens.refreshToken()}\n`)
    expect((await runWaypost(['check', '--offline', '-c', node.config])).stderr).not.toContain('oauth')
  })
})
