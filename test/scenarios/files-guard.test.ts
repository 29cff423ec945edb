// A whole node whose routing file is emptied or cut off: existing people never get 550, at a reload and at a start, until an operator accepts.

import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode

const people = (count: number, end = '') =>
  `domains: [example.org]\nforwards:\n${Array.from({ length: count }, (_, n) => `  user${n}: u${n}@far.example\n`).join('')}${end}`
const write = (text: string) => writeFileSync(join(dirname(node.config), 'mail.yaml'), text)
const command = (...args: string[]) => runWaypost([...args.slice(0, 2), '-c', node.config, ...args.slice(2)])

async function replyTo(name: string): Promise<string> {
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO client.example', '250')
  await client.expect('MAIL FROM:<ann@sender.example>', '250')
  const reply = await client
    .expect(`RCPT TO:<${name}@example.org>`, '250')
    .then(({ lines }) => lines[0] ?? '')
    .catch((error: Error) => error.message.replace(/^.*received /, ''))
  client.reset()
  return reply
}

beforeEach(async () => {
  world = await startWorld()
  node = await world.node({ role: 'mx', yaml: { peers: { srs: ['srs-01.example.org'] } }, start: false })
  write(people(20))
  await node.start()
})
afterEach(() => world.close())

it('an empty file is not read by a reload', async () => {
  expect(await replyTo('nobody')).toMatch(/^550/)
  write('')
  expect(await node.reload()).toContain('reload rejected')
  expect(await replyTo('user7')).toMatch(/^250/)
  expect(await replyTo('nobody')).toMatch(/^451 4\.3\.0/)
  write(people(20))
  expect(await node.reload()).toContain('reloaded')
  expect(await replyTo('nobody')).toMatch(/^550/)
})

it('a file that is cut off before its end marker is not read', async () => {
  write(people(20, '...\n'))
  expect(await node.reload()).toContain('reloaded')
  write(people(19))
  expect(await node.reload()).toContain('mail.yaml is incomplete')
  expect(await replyTo('user19')).toMatch(/^250/)
})

it('a start with a file that shrank defers the others until the operator accepts the loss', async () => {
  await node.stop()
  write(people(2))
  await node.start()
  expect(await replyTo('user1')).toMatch(/^250/)
  expect(await replyTo('user7')).toMatch(/^451 4\.3\.0/)
  expect(await command('directory', 'status')).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('may be incomplete: files: forwards shrank from 20 to 2'),
  })
  const accepted = await command('directory', 'accept', 'files')
  expect(accepted).toMatchObject({ status: 0, stdout: expect.stringContaining('18 known entries are missing') })
  await until(async () => (await replyTo('user7')).startsWith('550'), { what: 'the order to be executed' })
  expect((await command('directory', 'status')).status).toBe(0)
})
