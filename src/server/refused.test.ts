// Refusals of the server itself: the hooks get them too, so that the ledger can explain them.

import { afterEach, expect, it } from 'vitest'
import { startTestListener, type TestListener } from '../../test/lib/test-listener.ts'
import type { RefusedByServer } from './server-hooks.ts'

let server: TestListener
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

/** A client in a transaction of `sender`, or before MAIL, and the refusals that the hooks get. */
async function start(sender?: string) {
  const told: RefusedByServer[] = []
  const hooks = { refused: (_session: unknown, refused: RefusedByServer) => void told.push(refused) }
  server = await startTestListener({ hooks, limits: { messageSize: 1000, recipients: 2 } })
  const client = await server.greeted()
  if (sender !== undefined) await client.expect(`MAIL FROM:<${sender}>`, '250')
  return { client, told }
}

it.each([
  ['<ann@far.example> SIZE=1001', '552 5.3.4', 'ann@far.example'],
  ['<ann@far.example> FOO', '555 5.5.4', 'ann@far.example'],
  ['<änn@far.example>', '553 5.6.7', 'änn@far.example'],
  ['<> SIZE=1001', '552 5.3.4', null],
])('a sender: %s', async (argument, expected, sender) => {
  const { client, told } = await start()
  await client.expect(`MAIL FROM:${argument}`, expected)
  expect(told).toMatchObject([{ stage: 'mail', sender, reply: { code: Number(expected.slice(0, 3)) } }])
})

it('a recipient with unknown parameters', async () => {
  const { client, told } = await start('ann@far.example')
  await client.expect('RCPT TO:<kim@example.org> NOTIFY=MAYBE', '501 5.5.4')
  expect(told).toMatchObject([{ stage: 'rcpt', sender: 'ann@far.example', recipient: 'kim@example.org' }])
})

it.each([
  ['TO:<kim@my+host.example>', 'kim@my+host.example'],
  ['TO:<kim lee@example.org> NOTIFY=NEVER', 'kim lee@example.org'],
  ['TO: kim@example.org', 'kim@example.org'],
  [`TO:<${'k'.repeat(1000)}`, 'k'.repeat(256)],
  ['TO:<>', undefined],
  ['kim@example.org', undefined],
])('a recipient that cannot be parsed, as written: %s', async (argument, recipient) => {
  const { client, told } = await start('ann@far.example')
  await client.expect(`RCPT ${argument}`, '501 5.1.3')
  expect(told.map((refused) => refused.recipient)).toEqual([recipient])
})

it('a sender that cannot be parsed, as written', async () => {
  const { client, told } = await start()
  await client.expect('MAIL FROM:<ann@my+host.example> SIZE=10', '501 5.1.7')
  expect(told).toMatchObject([{ sender: 'ann@my+host.example' }])
})

it('too many recipients, once for each transaction', async () => {
  const { client, told } = await start('ann@far.example')
  const replies = ['250', '250', '452 4.5.3', '452 4.5.3']
  for (const [i, reply] of replies.entries()) await client.expect(`RCPT TO:<kim-${i}@example.org>`, reply)
  expect(told).toMatchObject([{ recipient: 'kim-2@example.org', reply: { code: 452 } }])
})

it('not a command in the wrong state, which belongs to no message', async () => {
  const { client, told } = await start()
  await client.expect('RCPT TO:<kim@example.org>', '503')
  await client.expect('HURRY', '500')
  expect(told).toEqual([])
})
