// waypost check asks the resolver and the fleet nodes that the role needs.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { createAuthority } from '../../src/demo/ca.ts'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode

beforeAll(async () => {
  world = await startWorld()
  const { certificate, key } = world.ca.issue({ names: ['mx.srs-01.example.org'] })
  await world.destination('srs-01.example.org', { tls: { cert: certificate, key } })
  const other = createAuthority('Other').issue({ names: ['mx.srs-02.example.org'] })
  await world.destination('srs-02.example.org', { tls: { cert: other.certificate, key: other.key } })
  node = await world.node({
    role: 'mx',
    start: false,
    mail: { domains: ['example.org'], forwards: { kim: 'kim@far.example', postmaster: 'kim@far.example' } },
    yaml: {
      tls: { certificate: 'node.pem', key: 'node.key', ca: '../ca.pem' },
      delivery: { mx_port: world.mxPort },
    },
  })
})
afterAll(() => world.close())

async function check(hosts: readonly string[], yaml: Record<string, unknown> = {}) {
  node.configure({ peers: { srs: hosts }, ...yaml })
  const { status, stderr } = await runWaypost(['check', '-c', node.config])
  const lines = stderr.split('\n').filter((line) => /resolver|names below|can be reached/.test(line))
  return { status, lines: lines.map((line) => line.replace(/^.*node\.yaml:\d+:\d+: /, '')) }
}

it('is content with one reachable node of a role', async () => {
  const closed = `mx.srs-01.example.org:${await freePort()}`
  expect(await check([`mx.srs-01.example.org:${world.mxPort}`])).toEqual({ status: 0, lines: [] })
  expect(await check([closed, `mx.srs-01.example.org:${world.mxPort}`])).toEqual({ status: 0, lines: [] })
})

it('warns if no node of a role can be reached, with the cause for each', async () => {
  const closed = `mx.srs-01.example.org:${await freePort()}`
  const { status, lines } = await check([closed, `mx.srs-02.example.org:${world.mxPort}`])
  expect(status).toBe(0)
  expect(lines).toEqual([
    expect.stringMatching(/^peers\.srs: no srs node can be reached, so mail for it would wait: .* \(warning\)$/),
  ])
  expect(lines[0]).toContain('ECONNREFUSED')
  expect(lines[0]).toMatch(/mx\.srs-02\.example\.org.*(issuer|verify|certificate)/)
})

it('warns if the resolver does not answer', async () => {
  const { status, lines } = await check([`127.0.0.1:${world.mxPort}`], {
    dns: { servers: [`127.0.0.1:${await freePort()}`], timeout: '1s' },
  })
  expect(status).toBe(0)
  expect(lines[0]).toMatch(/^dns: the resolver does not answer: .*\(warning\)$/)
})
