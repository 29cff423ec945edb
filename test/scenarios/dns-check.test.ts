// A node with `dns_check`: health and metrics before its first check, and a fleet file that is found beside the node.yaml.

import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let page: string

beforeAll(async () => {
  world = await startWorld()
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  writeFileSync(
    join(world.folder, 'fleet.yaml'),
    'domain: example.org\nsrs: { domain: forwards.example }\nnodes: { mail: { role: solo, addresses: [ 192.0.2.1 ] } }\n',
  )
  node = await world.node({
    role: 'mx',
    yaml: {
      peers: { srs: ['192.0.2.1:25'] },
      admin: { listen: `127.0.0.1:${admin}` },
      dns_check: { fleet: join(world.folder, 'fleet.yaml') },
    },
  })
})
afterAll(async () => world.close())

const get = async (path: string) => (await fetch(`${page}${path}`)).text()

it('says that the DNS is not checked yet, and has no values', async () => {
  expect(await get('/healthz')).toContain('not checked yet')
  const metrics = await get('/metrics')
  expect(metrics).toContain('# TYPE waypost_dns_findings gauge')
  expect(metrics).not.toContain('waypost_dns_findings{')
})

it('needs a restart for a change of the key, which the log of a reload names', async () => {
  node.configure({ dns_check: { fleet: join(world.folder, 'fleet.yaml'), every: '2h' } })
  await node.reload()
  expect(node.log().at(-2)).toMatch(/"keys":\["dns_check"\].*restart required for/)
})

it('has the same plan on the command line', async () => {
  const { status, stdout } = await runWaypost(['dns', 'records', '-f', join(world.folder, 'fleet.yaml')])
  expect(status).toBe(0)
  expect(stdout).toContain('example.org. 3600 IN MX 10 mail.example.org.')
})
