// The status page of a whole node: sign-in with a token over HTTPS, a message that waits with its reason, actions that the ledger names,
// a Unix socket behind a proxy with its group, a client certificate, a reload with another certificate, and a restart.

import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tokenDigest } from '../../src/status/operator-list.ts'
import { freePort } from '../lib/free-port.ts'
import { openBrowser, type PlaceOfPage } from '../lib/page-browser.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const TOKEN = 'a token of anna'
const isRoot = process.getuid?.() === 0
/** Of no user of the host. */
const GROUP = 54_321
let world: World
let node: WholeNode
let place: PlaceOfPage
let socket: string
let operators: string

beforeAll(async () => {
  world = await startWorld()
  const port = await freePort()
  node = await world.node({
    role: 'mx',
    mail: { domains: ['example.org'], aliases: { kim: 'kim@far.example' } },
    yaml: {
      peers: { srs: ['127.0.0.1'] },
      admin: {
        listen: `127.0.0.1:${port}`,
        socket: { path: 'admin.sock' },
        tls: true,
        login: { operators: 'operators', proxy: {} },
      },
    },
    start: false,
  })
  socket = join(node.config, '..', 'admin.sock')
  operators = join(node.config, '..', 'operators')
  writeFileSync(operators, `anna act token:${tokenDigest(TOKEN)}\n`)
  await node.start()
  place = { port, ca: world.ca.certificate, host: 'node-1.example.org' }
})
afterAll(() => world.close())

async function signedIn() {
  const browser = openBrowser(place)
  await browser.get('/')
  await browser.submit('/sign-in', { 'operator-token': TOKEN })
  return browser
}

function throughSocket(
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const open = request({ socketPath: socket, path, headers: { host: 'localhost', ...headers } }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    open.on('error', reject).end()
  })
}

it('shows the flow, and the message that waits with its reason', async () => {
  await node.send({ to: ['kim@example.org'] })
  await until(() => node.queue()[0]?.recipients[0]?.state === 'deferred', { what: 'the first attempt' })
  const browser = await signedIn()
  expect(browser.cookie).toMatch(/^__Host-waypost-status=[\w-]{43}$/)
  expect((await browser.get('/')).body).toMatch(/anna, may act/)
  const queueId = node.queue()[0]?.queueId ?? ''
  const shown = await browser.get(`/message?id=${queueId}`)
  expect(shown.body).toMatch(/kim@example\.org[^]*deferred[^]*next hop[^]*Waits/)
  expect((await browser.get('/search?q=kim@example.org')).body).toContain(queueId)
  for (const path of [
    '/queue',
    '/checks',
    '/destinations',
    '/accounts',
    '/directory',
    '/directory?diff=files',
    '/certificates',
  ])
    expect([path, (await browser.get(path)).status]).toEqual([path, 200])
})

it('holds and releases the message, and the ledger names the operator', async () => {
  const browser = await signedIn()
  const queueId = node.queue()[0]?.queueId ?? ''
  const act = async (action: string, reason: string) => {
    await browser.get(`/act?action=${action}&id=${queueId}`)
    return browser.submit('/act', { action, id: queueId, reason })
  }
  expect((await act('hold', 'looks odd')).body).toContain('Hold: done, 1 changed')
  expect(node.queue()[0]?.recipients[0]).toMatchObject({ state: 'held', hold: { by: 'anna', reason: 'looks odd' } })
  await act('release', '')
  expect(node.ledger().filter(({ kind }) => kind === 'held' || kind === 'released')).toMatchObject([
    { kind: 'held', by: 'anna', reason: 'looks odd' },
    { kind: 'released', by: 'anna' },
  ])
  await browser.get('/act?action=ban&value=192.0.2.77')
  await browser.submit('/act', { action: 'ban', value: '192.0.2.77', kind: 'address', for: '1h', reason: 'guesses' })
  await until(() => node.ledger().some((event) => event.kind === 'banned' && event.by === 'anna'), {
    what: 'the event',
  })
  expect((await browser.get('/accounts')).body).toContain('192.0.2.77')
})

it('serves a proxy on its socket, and no program without a name there', async () => {
  expect(await throughSocket('/', { 'x-remote-user': 'ben' })).toMatchObject({
    status: 200,
    body: expect.stringContaining('ben, may act'),
  })
  expect(await throughSocket('/queue', {})).toMatchObject({ body: expect.stringContaining('action="/sign-in"') })
  expect((await throughSocket('/', { host: 'attacker.example', 'x-remote-user': 'ben' })).status).toBe(421)
  expect((await throughSocket('/healthz', {})).body).toContain('"kind":')
  const header = await openBrowser(place).get('/')
  expect(header.body).toContain('action="/sign-in"')
})

it('knows an operator by a client certificate of the list', async () => {
  const issued = world.ca.issue({ names: ['carla.example'] })
  const print = new X509Certificate(issued.certificate).fingerprint256
  writeFileSync(operators, `anna act token:${tokenDigest(TOKEN)}\ncarla view certificate:${print}\n`)
  const show = (cert?: string, key?: string) =>
    new Promise<string>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: place.port,
        ca: place.ca,
        servername: place.host,
        cert,
        key,
        agent: false,
      }
      requestTls({ ...options, headers: { host: place.host } }, (response) => void text(response).then(resolve, reject))
        .on('error', reject)
        .end()
    })
  expect(await show(issued.certificate, issued.key)).toContain('carla, may look only')
  const other = world.ca.issue({ names: ['other.example'] })
  expect(await show(other.certificate, other.key)).toContain('action="/sign-in"')
})

/** The fingerprint of the certificate that the page has now. */
function shownCertificate(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: place.port, ca: place.ca, servername: place.host }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
      socket.end()
    })
    socket.on('error', reject)
  })
}

it('has the certificate of a reload, and its sessions stay', async () => {
  const browser = await signedIn()
  const before = await shownCertificate()
  const issued = world.ca.issue({ names: ['node-1.example.org'], ips: [node.address] })
  writeFileSync(join(node.config, '../node.pem'), issued.certificate)
  writeFileSync(join(node.config, '../node.key'), issued.key, { mode: 0o600 })
  await node.reload()
  await until(async () => (await shownCertificate()) !== before, { what: 'the new certificate' })
  expect(await shownCertificate()).toBe(new X509Certificate(issued.certificate).fingerprint256)
  expect((await browser.get('/')).body).toContain('anna, may act')
})

it.runIf(isRoot)(
  'gives its socket to the group of the configuration, and refuses a group that is not there',
  async () => {
    const admin = { listen: `127.0.0.1:${place.port}`, tls: true, login: { operators: 'operators', proxy: {} } }
    await node.stop()
    node.configure({ admin: { ...admin, socket: { path: 'admin.sock', group: 'no-such-group' } } })
    await expect(node.start()).rejects.toThrow(/admin\.socket\.group: there is no group no-such-group in \/etc\/group/)
    node.configure({ admin: { ...admin, socket: { path: 'admin.sock', group: String(GROUP) } } })
    await node.start()
    const { gid, mode } = statSync(socket)
    expect([gid, mode & 0o777]).toEqual([GROUP, 0o660])
    expect(await throughSocket('/', { 'x-remote-user': 'ben' })).toMatchObject({ status: 200 })
  },
)

it('begins again after a restart: sessions end, the page works', async () => {
  const browser = await signedIn()
  await node.stop()
  await node.start()
  expect((await browser.get('/')).body).toContain('action="/sign-in"')
  expect((await (await signedIn()).get('/')).body).toContain('anna, may act')
  const made = await runWaypost(['operator-token', 'dora', '--right', 'view'])
  expect(made.stdout).toMatch(/^token: [\w-]{43}\nline for admin\.login\.operators: dora view token:[0-9a-f]{64}\n$/)
})
