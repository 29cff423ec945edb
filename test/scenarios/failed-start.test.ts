// A node that cannot bind its last port closes everything that it has opened, and the process ends.

import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type World } from '../lib/whole-node.ts'

let world: World
let occupied: Server

beforeAll(async () => {
  world = await startWorld()
  occupied = createServer().listen(0, '127.0.0.1')
  await once(occupied, 'listening')
})
afterAll(async () => {
  occupied.close()
  await world.close()
})

it.each([
  ['queue_transfer', { peers: ['mx'] }],
  ['admin', {}],
])('ends with exit code 2 if the port of %s is in use', async (key, more) => {
  const listen = `127.0.0.1:${(occupied.address() as AddressInfo).port}`
  const peer = { host: '127.0.0.1', addresses: ['127.0.0.1/32'], fingerprints: ['0'.repeat(64)] }
  const node = await world.node({
    role: 'srs',
    start: false,
    yaml: { peers: { mx: [peer] }, [key]: { listen, ...more } },
  })
  const { status, stderr } = await runWaypost(['run', '-c', node.config])
  expect(stderr).toMatch(
    new RegExp(
      `node\\.yaml:\\d+:\\d+: the node cannot start: ${key}\\.listen: cannot listen on ${listen}: .*EADDRINUSE`,
    ),
  )
  expect(stderr).toContain('another program listens there: ss -ltnp')
  expect(stderr).not.toContain('node.yaml:1:1:')
  expect(status).toBe(2)
})

it('reports a port of a mail listener that is in use once, with its key', async () => {
  const smtp = `127.0.0.1:${(occupied.address() as AddressInfo).port}`
  const node = await world.node({
    role: 'srs',
    start: false,
    yaml: { listen: { smtp } },
  })
  const { status, stdout, stderr } = await runWaypost(['run', '-c', node.config])
  expect(stderr).toMatch(/node\.yaml:\d+:\d+: the node cannot start: listener smtp: cannot listen on .*EADDRINUSE/)
  expect(`${stdout}${stderr}`.match(/cannot listen|TLS handshake failed/g)).toHaveLength(1)
  expect(status).toBe(2)
})

it('reports a data directory that cannot be made once, with the remedy', async () => {
  const node = await world.node({
    role: 'mx',
    start: false,
    yaml: { data: '/proc/waypost', peers: { srs: ['127.0.0.1'] } },
  })
  const { status, stdout, stderr } = await runWaypost(['run', '-c', node.config])
  expect(`${stdout}${stderr}`.trimEnd()).toMatch(
    /^\S+node\.yaml:\d+:\d+: the node cannot start: data: ENOENT.*'\/proc\/waypost'; the directory cannot be created there; choose another one$/,
  )
  expect(status).toBe(2)
})
