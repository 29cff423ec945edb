// The link behind each refusal: the sender follows it, and the operator finds the refusal by its ID.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const link = /; see https:\/\/help\.example\.org\/mail\?(\w+)$/

let world: World
let mx: WholeNode

beforeAll(async () => {
  world = await startWorld()
  const list = `smtp:[${String(world.dns.zone.get('mx.lists.example')?.A ?? '127.0.0.9')}]:${world.mxPort}`
  mx = await world.node({
    role: 'mx',
    mail: { domains: ['example.org'], transports: { 'list@example.org': list } },
    yaml: {
      peers: { srs: ['192.0.2.1:25'] },
      help_link: 'https://help.example.org/mail?{id}',
      score: { mark: 1, refuse: 2, points: { NO_DATE: 50 } },
    },
  })
})
afterAll(() => world.close())

async function found(id: string): Promise<string> {
  let text = ''
  const look = async () => {
    text = (await runWaypost(['trace', id, '-c', mx.config])).stdout
    return text.includes('rejected')
  }
  await until(look, { what: 'the refusal in the ledger' })
  return text
}

it('is in the refusal of a recipient and of a message, and its ID leads to the cause', async () => {
  for (const [to, expected] of [
    ['unknown@example.org', /550 5\.1\.1/],
    ['list@example.org', /554 5\.7\.1/],
  ] as const) {
    const { reply } = await mx.send({ to: [to], from: 'ann@sender.example', message: 'Subject: x\r\n\r\nHello.\r\n' })
    expect(reply).toMatch(expected)
    const [, id = ''] = link.exec(reply.trim()) ?? []
    expect(await found(id)).toMatch(expected)
  }
})

it('is not in replies to what is no refusal', async () => {
  const client = await mx.connect()
  await client.expect(null, '220')
  await client.expect('NONSENSE', '500')
  const { lines } = await client.expect('EHLO client.example', '250')
  expect(lines.join('\n')).not.toContain('help.example.org')
  client.end()
})

it('must be a URL', async () => {
  const node = await world.node({ role: 'srs', start: false, yaml: { help_link: 'see our page' } })
  expect((await runWaypost(['check', '-c', node.config])).stderr).toMatch(
    /help_link: found "see our page", expected a URL of at most 200 ASCII characters/,
  )
})
