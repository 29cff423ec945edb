// The hooks learn once that a transaction has ended, however it ends.

import { afterEach, expect, it } from 'vitest'
import type { SmtpDialogue } from '../../test/lib/smtp-dialogue.ts'
import { startTestListener, type TestListener } from '../../test/lib/test-listener.ts'
import { until } from '../../test/lib/until.ts'
import { refuse } from '../policy/verdict.ts'
import { refusal } from '../smtp/reply.ts'
import type { Transaction } from './server-hooks.ts'

let server: TestListener
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

it.each<[string, (client: SmtpDialogue) => Promise<unknown>]>([
  [
    'the reply to its message',
    async (client) => {
      await client.expect('RCPT TO:<kim@example.org>', '250')
      await client.expect('DATA', '354')
      await client.expect('.', '250')
    },
  ],
  ['RSET', (client) => client.expect('RSET', '250')],
  ['EHLO', (client) => client.expect('EHLO again.example', '250')],
  [
    'STARTTLS',
    async (client) => {
      await client.expect('STARTTLS', '220')
      await client.startTls()
    },
  ],
  ['QUIT', (client) => client.expect('QUIT', '221')],
  ['the end of the connection', async (client) => client.reset()],
  [
    'the end of the connection within the message',
    async (client) => {
      await client.expect('RCPT TO:<kim@example.org>', '250')
      await client.expect('DATA', '354')
      client.reset()
    },
  ],
])('a transaction that ends by %s', async (_, end) => {
  const ended: Transaction<null>[] = []
  server = await startTestListener({ hooks: { ended: (_session, transaction) => void ended.push(transaction) } })
  const client = await server.greeted()
  await client.expect('MAIL FROM:<ann@far.example>', '250')
  await end(client)
  await until(() => ended.length > 0, { what: 'the end of the transaction' })
  client.reset()
  await server.close()
  expect(ended).toMatchObject([{ reversePath: 'ann@far.example' }])
})

it('a 452 of the hooks is no error of the client: it sends the other recipients later', async () => {
  const full = refuse(refusal(452, '4.5.3', 'Too many recipients'))
  const hooks = { rcpt: async () => full }
  server = await startTestListener({ hooks, limits: { recipientOvershoot: 5, hardErrors: 2 } })
  const client = await server.greeted()
  await client.expect('MAIL FROM:<ann@far.example>', '250')
  for (let i = 0; i < 5; i++) await client.expect(`RCPT TO:<r${i}@example.org>`, '452 4.5.3')
  await client.expect('RCPT TO:<r5@example.org>', '452')
  await client.expect('RCPT TO:<r6@example.org>', '421')
})
