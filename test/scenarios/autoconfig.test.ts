// Mail programs ask a submission node for their settings, over HTTPS with a certificate for each name; the command prints the same.

import { request } from 'node:https'
import { connect } from 'node:tls'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeAccounts } from '../lib/accounts.ts'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let port: number

beforeAll(async () => {
  world = await startWorld()
  const accounts = await writeAccounts(world)
  port = await freePort()
  const other = world.ca.issue({ names: ['autoconfig.example.org'] })
  const [certificate, key] = ['autoconfig.pem', 'autoconfig.key'].map((name) => join(world.folder, name))
  writeFileSync(certificate as string, other.certificate)
  writeFileSync(key as string, other.key, { mode: 0o600 })
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    yaml: {
      ...accounts.yaml,
      peers: { mx: ['mx-01.example.org'] },
      tls: { certificate: 'node.pem', key: 'node.key', more: [{ certificate, key }] },
      autoconfig: {
        listen: `127.0.0.1:${port}`,
        server: 'smtp.example.org',
        incoming: { protocol: 'imap', server: 'imap.provider.example' },
      },
    },
  })
})
afterAll(() => world.close())

interface Asked {
  readonly status: number
  readonly body: string
  readonly type: string
}

function ask(path: string, { body = '', servername = 'autoconfig.example.org' } = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const method = body === '' ? 'GET' : 'POST'
    const headers = { host: servername }
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers,
      servername,
      ca: world.ca.certificate,
      agent: false,
    }
    const sent = request(options, (response) => {
      const { statusCode: status = 0, headers: given } = response
      text(response).then((content) => resolve({ status, body: content, type: given['content-type'] ?? '' }), reject)
    })
    sent.on('error', reject).end(body)
  })
}

it('gives Thunderbird the listeners of the node, with the certificate of that name', async () => {
  const { status, body } = await ask('/mail/config-v1.1.xml?emailaddress=lee@example.org')
  expect(status).toBe(200)
  const ports = [...body.matchAll(/<port>(\d+)</g)].map((match) => Number(match[1]))
  // The listeners are on a loopback address, as behind a load balancer: clients use the ports of the role.
  expect(ports).toEqual([993, 465, 587])
  const printed = await runWaypost(['autoconfig', 'print', 'thunderbird', '-c', node.config])
  expect(printed).toMatchObject({ status: 0, stdout: body })
})

it('gives Outlook the settings of the person, and signs the profile of an Apple device', async () => {
  const outlook = await ask('/Autodiscover/Autodiscover.xml', { body: '<EMailAddress>lee@example.org</EMailAddress>' })
  expect(outlook.body).toContain('<LoginName>lee@example.org</LoginName>')
  const profile = await ask('/profile?address=lee@example.org')
  expect(profile.type).toBe('application/x-apple-aspen-config')
  // The signature of another program's check is in test/peers.
  expect(profile.body.indexOf('<plist')).toBeGreaterThan(20)
})

it('refuses a large request and too many, and lives', async () => {
  expect((await ask('/autodiscover/autodiscover.xml', { body: 'x'.repeat(2_000_000) })).status).toBe(413)
  const statuses = new Set<number>()
  for (let turn = 0; turn < 70; turn++) statuses.add((await ask('/')).status)
  expect(statuses).toEqual(new Set([200, 429]))
})

it('closes connections beyond the share of a client', async () => {
  const open = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
      const isOpen = await new Promise<boolean>((resolve) =>
        socket
          .once('secureConnect', () => resolve(true))
          .once('error', () => resolve(false))
          .once('close', () => resolve(false)),
      )
      return { socket, isOpen }
    }),
  )
  for (const { socket } of open) socket.destroy()
  expect(open.filter(({ isOpen }) => isOpen)).toHaveLength(8)
})
