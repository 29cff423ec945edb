// What a whole node sends its operator without a question: alerts to a webhook and the weekly digest by mail and to the webhook. The receiver fails
// first, and the node is killed between.

import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { lastDue } from '../../src/digest/digest-schedule.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

interface Received {
  readonly id: string
  readonly text: string
  readonly alert?: { readonly name: string; readonly state: string; readonly how_to: string }
  readonly digest?: { readonly node: string }
}

let world: World
let sink: SmtpPeer
let node: WholeNode
let server: Server
let isDown = true
/** Bodies that were refused, and those that were taken. */
const refused: Received[] = []
const taken: Received[] = []

/** The day of the digest is fixed, so the test needs no clock: the digest of the last monday is missing. */
const digestTime = { day: 'monday', hour: 7, minute: 0 } as const
const digestFile = () => join(node.data, 'digest.json')
const sent = () => (JSON.parse(readFileSync(digestFile(), 'utf8')) as { sent: number }).sent

beforeAll(async () => {
  world = await startWorld()
  sink = await world.destination('far.example')
  const issued = world.ca.issue({ names: ['localhost'], ips: ['127.0.0.1'] })
  server = createServer({ cert: issued.certificate, key: issued.key }, (incoming, answer) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    incoming.once('end', () => {
      ;(isDown ? refused : taken).push(JSON.parse(body) as Received)
      answer.writeHead(isDown ? 503 : 204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  writeFileSync(join(world.folder, 'hook.secret'), 'a secret only for tests\n', { mode: 0o600 })
  node = await world.node({
    role: 'srs',
    start: false,
    mail: { domains: ['example.org'], forwards: { ops: 'ops@far.example' } },
    yaml: {
      webhooks: {
        ops: {
          url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
          secret_file: '../hook.secret',
          ca: '../ca.pem',
          events: ['banned'],
        },
      },
      // The addresses of these tests have no reverse DNS, which a health check finds.
      alerts: { webhooks: ['ops'], after: '1s', clear_after: '1s' },
      digest: { to: 'ops@example.org', webhooks: ['ops'], day: 'monday', at: '07:00' },
    },
  })
  writeFileSync(digestFile(), `${JSON.stringify({ sent: lastDue(digestTime, lastDue(digestTime, Date.now()) - 1) })}\n`)
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await world.close()
})

const alerts = (all: readonly Received[]) => all.filter(({ alert }) => alert?.name === 'addresses')
const digests = (all: readonly Received[]) => all.filter(({ digest }) => digest)

const status = async () => (await runWaypost(['status', '-c', node.config])).stdout.replaceAll(/\s+/g, ' ')

it('tries both at a receiver that fails, and the mail of the digest arrives', async () => {
  await node.start()
  await until(() => alerts(refused).length > 0 && digests(refused).length > 0, { what: 'an attempt of both' })
  await until(() => sink.messages.length > 0, { what: 'the digest by mail' })
  const [mail] = sink.messages
  expect(mail?.mail).toContain('<>')
  expect(mail?.data.toString()).toMatch(/^Auto-Submitted: auto-generated/m)
  expect(mail?.data.toString()).toMatch(/^Subject: .*node-1\.example\.org/m)
  await until(() => sent() === lastDue(digestTime, Date.now()), { what: 'the note that the digest was sent' })
  expect(await status()).toMatch(/alerts: ops: no alert was delivered since the start; the last attempt failed: .*503/)
  expect(taken).toEqual([])
})

it('sends both after a kill: the digest with the same ID and once by mail, the alert because its cause is still there', async () => {
  await node.stop('SIGKILL')
  isDown = false
  await node.start()
  await until(() => alerts(taken).length > 0 && digests(taken).length > 0, { what: 'the alert and the digest' })
  expect(digests(taken).map(({ id }) => id)).toEqual([digests(refused)[0]?.id])
  expect(digests(taken)[0]).toMatchObject({ digest: { node: 'node-1.example.org' } })
  expect(alerts(taken)[0]).toMatchObject({
    text: expect.stringMatching(/addresses is degraded since .*First step: /),
    alert: { state: 'raised', how_to: 'docs/how-to/answer-alerts.md#source-addresses' },
  })
  await node.emptied()
  expect(sink.messages).toHaveLength(1)
  expect(await status()).toMatch(/alerts: ops: the last alert was delivered \d+s ago/)
})
