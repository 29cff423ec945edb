// SIGHUP activates new data and a renewed certificate of a running node, all or nothing, without closing a session.

import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let srs: SmtpPeer
let admin: string

const routes = (names: readonly string[]) => ({
  domains: ['example.org'],
  forwards: Object.fromEntries(names.map((name) => [name, `${name}@far.example`])),
})

beforeAll(async () => {
  world = await startWorld()
  const { certificate, key } = world.ca.issue({ names: ['mx.srs-01.example.org'] })
  srs = await world.destination('srs-01.example.org', {
    tls: { cert: certificate, key, ca: world.ca.certificate, requestCert: true },
  })
  admin = `127.0.0.1:${await freePort()}`
  node = await world.node({
    role: 'mx',
    mail: routes(['kim']),
    yaml: {
      tls: { certificate: 'node.pem', key: 'node.key', ca: '../ca.pem' },
      peers: { srs: [`mx.srs-01.example.org:${world.mxPort}`] },
      delivery: { mx_port: world.mxPort, connection: { messages: 1 } },
      admin: { listen: admin },
    },
  })
})
afterAll(() => world.close())

const fetched = (path: string) => fetch(`http://${admin}${path}`)

async function replyTo(recipient: string): Promise<string> {
  const sent = await node.send({ to: [recipient] })
  return sent.kind === 'accepted' ? (sent.rejected[0]?.reply ?? sent.reply) : sent.reply
}

async function certificateOf(one: WholeNode): Promise<string> {
  const client = await one.connect()
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect('STARTTLS', '220')
  await client.startTls()
  const { fingerprint256 } = (client.socket as TLSSocket).getPeerCertificate()
  client.end()
  return fingerprint256
}

function renew(names: readonly string[], key?: string, one = node): void {
  const issued = world.ca.issue({ names })
  const folder = dirname(one.config)
  writeFileSync(join(folder, 'node.pem'), issued.certificate)
  writeFileSync(join(folder, 'node.key'), key ?? issued.key)
}

it('activates new aliases, in open sessions too', async () => {
  const open = await node.connect()
  await open.expect(null, '220')
  await open.expect('EHLO client.example', '250')
  await open.expect('MAIL FROM:<ann@sender.example>', '250')
  await open.expect('RCPT TO:<lee@example.org>', '550 5.1.1')
  node.route(routes(['kim', 'lee']))
  expect(await node.reload()).toContain('"msg":"reloaded"')
  await open.expect('RCPT TO:<lee@example.org>', '250')
  open.end()
  expect(await replyTo('lee@example.org')).toMatch(/^250/)
})

it.each([
  ['routing data with a syntax error', () => writeFileSync(join(dirname(node.config), 'mail.yaml'), 'forwards: [\n')],
  ['routing data with an unknown key', () => node.route({ ...routes(['kim']), forwardz: {} })],
  ['routing data with a loop', () => node.route({ ...routes([]), aliases: { a: 'b', b: 'a' } })],
  ['a node.yaml with an unknown key', () => node.configure({ colour: 'blue' })],
])('rejects %s and keeps the active data', async (_what, spoil) => {
  node.route(routes(['kim', 'lee']))
  spoil()
  expect(await node.reload()).toMatch(/"problems":\[".*\.yaml:\d+:\d+: .*"msg":"reload rejected/)
  expect(await replyTo('lee@example.org')).toMatch(/^250/)
  node.configure({ colour: undefined })
  node.route(routes(['kim', 'lee']))
  expect(await node.reload()).toContain('"msg":"reloaded"')
})

it('logs warnings of the new data with file and line', async () => {
  const before = node.log().length
  node.route({ ...routes(['kim']), users: { lee: 'lee' } })
  expect(await node.reload()).toContain('"msg":"reloaded"')
  expect(node.log().slice(before).join('\n')).toMatch(
    /"file":".*mail\.yaml","line":\d+,"msg":"mail to lee@example\.org is refused/,
  )
  node.route(routes(['kim', 'lee']))
  expect(await node.reload()).toContain('"msg":"reloaded"')
})

it('also watches the files of rejected data', async () => {
  const watching = await world.node({
    role: 'mx',
    mail: routes(['kim']),
    yaml: { watch: true, peers: { srs: ['srs-01.example.org'] } },
  })
  const folder = dirname(watching.config)
  const said = (message: string) => watching.log().filter((line) => line.includes(`"msg":"${message}`)).length
  writeFileSync(join(folder, 'more.yaml'), 'forwards: [\n')
  watching.configure({ mail: ['mail.yaml', 'more.yaml'] })
  await until(() => said('reload rejected') === 1, { what: 'the new file to be rejected' })
  writeFileSync(join(folder, 'more.yaml'), 'forwards: { lee: lee@far.example }\n')
  await until(() => said('reloaded') === 1, { what: 'the corrected file to be read' })
})

it('uses a renewed certificate as a server and as a client', async () => {
  const before = await certificateOf(node)
  await replyTo('kim@example.org')
  await until(() => srs.messages.at(-1)?.clientCertificate === 'CN=node-1.example.org', { what: 'a mail with TLS' })
  renew(['renewed.example.org'])
  expect(await node.reload()).toContain('"msg":"reloaded"')
  expect(await certificateOf(node)).not.toBe(before)
  await replyTo('kim@example.org')
  await until(() => srs.messages.at(-1)?.clientCertificate === 'CN=renewed.example.org', {
    what: 'a mail with the new certificate',
  })
})

it('rejects a certificate that does not match its key, and keeps the old one', async () => {
  const before = await certificateOf(node)
  renew(['other.example.org'], world.ca.issue({ names: ['x.example.org'] }).key)
  expect(await node.reload()).toMatch(/tls\.key: found a key that does not belong.*reload rejected/)
  expect(await certificateOf(node)).toBe(before)
})

it('names the changed keys that require a restart', async () => {
  renew(['renewed.example.org'])
  node.configure({ limits: { recipients: 7 } })
  expect(await node.reload()).toContain('"msg":"reloaded"')
  expect(node.log().at(-2)).toMatch(/"keys":\["limits"\].*restart required for/)
})

it('keeps the active value of keys that require a restart', async () => {
  node.route(routes(['kim']))
  node.configure({ domain: 'other.example', limits: undefined })
  expect(await node.reload()).toContain('"msg":"reloaded"')
  expect(node.log().at(-2)).toMatch(/"keys":\[.*"domain".*restart required for/)
  expect(await replyTo('kim@example.org')).toMatch(/^250/)
  node.configure({ domain: 'example.org' })
  await node.reload()
})

it('repeats the warnings of the start for new data', async () => {
  const warnings = () => node.log().filter((line) => line.includes('mail to postmaster@example.org is refused')).length
  node.route({ ...routes(['kim']), forwards: { kim: 'kim@far.example', postmaster: 'kim@far.example' } })
  await node.reload()
  const before = warnings()
  node.route(routes(['kim']))
  expect(await node.reload()).toContain('"msg":"reloaded"')
  expect(warnings()).toBe(before + 1)
})

describe('waypost reload', () => {
  const command = () => runWaypost(['reload', '-c', node.config])

  it('waits for the result', async () => {
    node.route(routes(['kim', 'max']))
    expect(await command()).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^reloaded .*node\.yaml \(1 rout/),
    })
    expect(await replyTo('max@example.org')).toMatch(/^250/)
  })

  it('exits with 1 and the reasons if the node refuses the files, which health and metrics report', async () => {
    node.configure({ colour: 'blue' })
    const { status, stderr } = await command()
    expect(status).toBe(1)
    expect(stderr).toMatch(/node\.yaml:\d+:\d+: colour: found an unknown key.*\nthe node refused the reload/)
    const { checks } = (await fetched('/healthz').then((answer) => answer.json())) as {
      checks: { configuration: object }
    }
    expect(checks.configuration).toMatchObject({ kind: 'degraded', reason: expect.stringContaining('colour') })
    expect(await (await fetched('/metrics')).text()).toContain('waypost_reload_successful 0')
    node.configure({ colour: undefined })
    expect(await command()).toMatchObject({ status: 0 })
    expect(await (await fetched('/metrics')).text()).toContain('waypost_reload_successful 1')
  })

  it('names the keys that require a restart', async () => {
    node.configure({ limits: { recipients: 7 } })
    expect(await command()).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('restart required for: limits'),
    })
    node.configure({ limits: undefined })
  })

  it('ends after its time limit if the node hangs', async () => {
    process.kill(node.pid, 'SIGSTOP')
    try {
      const { status, stderr } = await runWaypost(['reload', '-c', node.config, '--wait', '1s'])
      expect([status, stderr]).toEqual([1, expect.stringContaining('did not answer within 1s')])
    } finally {
      process.kill(node.pid, 'SIGCONT')
    }
    expect(await command()).toMatchObject({ status: 0 })
  })
})

it('uses a renewed certificate without SIGHUP if files are watched', async () => {
  const watching = await world.node({
    role: 'mx',
    yaml: {
      watch: true,
      tls: { certificate: 'node.pem', key: 'node.key' },
      peers: { srs: [`mx.srs-01.example.org:${world.mxPort}`] },
    },
  })
  const before = await certificateOf(watching)
  renew(['renewed.example.org'], undefined, watching)
  await until(() => watching.log().some((line) => line.includes('"msg":"reloaded"')), {
    what: 'a reload',
    timeout: 30_000,
  })
  expect(await certificateOf(watching)).not.toBe(before)
}, 40_000)
