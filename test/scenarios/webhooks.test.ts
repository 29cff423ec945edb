// Webhooks of a whole node: an HTTPS server that fails, stalls and comes back, a node that is killed between, and a command.

import { createHmac } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAccounts } from '../lib/accounts.ts'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const SECRET = 'a secret only for tests'

let world: World
let node: WholeNode
let server: Server
/** Null: no answer. */
let status: number | null = 500
let attempts = 0
let delivered: { readonly body: string; readonly signature: string }[] = []
let file: string

beforeAll(async () => {
  world = await startWorld()
  const { yaml } = await writeAccounts(world)
  const issued = world.ca.issue({ names: ['localhost'], ips: ['127.0.0.1'] })
  server = createServer({ cert: issued.certificate, key: issued.key }, (incoming, answer) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (piece: string) => (body += piece))
    incoming.once('end', () => {
      attempts++
      if (status === null) return
      if (status < 300) delivered.push({ body, signature: String(incoming.headers['waypost-signature']) })
      answer.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  writeFileSync(join(world.folder, 'hook.secret'), `${SECRET}\n`, { mode: 0o600 })
  file = join(world.folder, 'from-command')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  node = await world.node({
    role: 'submission',
    listeners: ['submission', 'submissions'],
    yaml: {
      ...yaml,
      peers: { mx: ['127.0.0.1:2599'] },
      admin: { listen: `127.0.0.1:${await freePort()}` },
      webhooks: {
        ops: { url, secret_file: '../hook.secret', ca: '../ca.pem', timeout: '1s' },
        pager: { command: ['/bin/sh', '-c', 'cat >> "$0"; echo >> "$0"', file], events: ['account-held'] },
      },
    },
  })
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await world.close()
})

const account = (...args: string[]) => runWaypost(['account', ...args, '-c', node.config])
const texts = () => delivered.map(({ body }) => (JSON.parse(body) as { text: string }).text)

describe('an event', () => {
  it('reaches the command at once, and waits for the server that fails', async () => {
    await account('hold', 'lee', '--reason', 'a test')
    await until(async () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'), { what: 'the command' })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      node: 'node-1.example.org',
      text: expect.stringMatching(/^put user:lee on hold by .*: a test$/),
      event: { kind: 'account-held', account: 'user:lee' },
    })
    await until(async () => attempts > 0, { what: 'an attempt' })
    // Before the node knows that the command has ended, a kill makes it run again.
    const known = 'waypost_webhooks_total{target="pager",result="delivered"} 1'
    await until(async () => (await node.metrics()).includes(known), { what: 'the result of the command' })
    expect(delivered).toEqual([])
  })

  it('reaches the server once, after a stall and a kill, with a signature', async () => {
    status = null
    await node.stop('SIGKILL')
    const before = attempts
    await node.start()
    await until(async () => attempts > before, { what: 'the attempt that stalls' })
    await node.stop('SIGKILL')
    status = 204
    await node.start()
    await until(async () => delivered.length > 0, { what: 'the event' })
    await account('release', 'lee')
    await until(async () => delivered.length > 1, { what: 'the next event' })
    expect(texts()).toEqual([
      expect.stringMatching(/^put user:lee on hold/),
      expect.stringMatching(/^released user:lee/),
    ])
    for (const { body, signature } of delivered) {
      const [, time, given] = /^t=(\d+),v1=(.*)$/.exec(signature) ?? []
      expect(given).toBe(createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex'))
    }
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1)
  })
})
