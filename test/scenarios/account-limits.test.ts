// Limits of accounts at a whole submission node: messages, recipients, new domains and failures, over the death of the process and a reload.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode

const limits = (change: object) => ({
  users: {
    messages: { burst: 'none', hour: 4, day: 'none' },
    recipients: { burst: 'none', hour: 6, day: 'none' },
    new_domains: { burst: 'none', hour: 2, day: 'none' },
    failures: { hour: 'none', day: 'none' },
    ...change,
  },
})

beforeAll(async () => {
  world = await startWorld()
  const accounts = await writeAccounts(world)
  for (const domain of ['one.example', 'two.example', 'three.example']) await world.destination(domain)
  node = await world.node({
    role: 'submission',
    listeners: ['submission', 'submissions'],
    yaml: { ...accounts.yaml, peers: { mx: ['127.0.0.1:2599'] }, account_limits: limits({}) },
    mail: { domains: ['example.org'], aliases: { lee: 'lee@one.example' } },
  })
})
afterAll(() => world.close())

async function send(...to: readonly string[]): Promise<string> {
  const message = 'From: lee@example.org\r\nSubject: x\r\n\r\nHello.\r\n'
  const tls = { ca: world.ca.certificate, servername: 'node-1.example.org' }
  const login = { user: 'lee', password }
  const sent = await node.send({ from: 'lee@example.org', to, message, security: 'starttls', tls, login })
  return sent.kind === 'accepted' ? (sent.rejected[0]?.reply ?? sent.reply) : sent.reply
}

const over = (what: string) =>
  new RegExp(`^452 4\\.7\\.28 The limit of your account is reached, ${what}; please send again after 20..-..-..T..:..Z`)

describe('a user', () => {
  it('waits at a limit of new domains, and sends to known ones', async () => {
    expect(await send('a@one.example')).toMatch(/^250/)
    expect(await send('a@one.example', 'a@two.example', 'a@three.example')).toMatch(
      over('2 new recipient domains an hour'),
    )
    // The client sent the message to the other two.
    expect(node.ledger().filter(({ kind }) => kind === 'received')).toHaveLength(2)
    expect(await send('b@three.example')).toMatch(over('2 new recipient domains an hour'))
  })

  it('waits at a limit of recipients, also after a kill', async () => {
    expect(await send('a@one.example', 'b@one.example')).toMatch(/^250/)
    await node.stop('SIGKILL')
    await node.start()
    expect(await send('a@one.example', 'b@one.example')).toMatch(over('6 recipients an hour'))
    expect(await send('a@one.example')).toMatch(over('4 messages an hour'))
  })

  it('was warned before', () => {
    const near = node.ledger().flatMap((event) => (event.kind === 'limit-near' ? [event] : []))
    expect(near.map(({ account, measure, used, limit }) => [account, measure, used, limit])).toEqual(
      expect.arrayContaining([
        ['user:lee', 'new_domains', 2, 2],
        ['user:lee', 'recipients', 5, 6],
      ]),
    )
  })

  it('waits while too many of its recipients fail; a reload replaces the limits', async () => {
    const none = { hour: 'none' }
    node.configure({
      account_limits: limits({ messages: none, recipients: none, new_domains: none, failures: { hour: 2 } }),
    })
    await node.reload()
    expect(await send('permfail-rcpt@one.example')).toMatch(/^250/)
    const failures = () => node.ledger().filter(({ kind }) => kind === 'failed').length
    await until(async () => failures() === 1, { what: 'the first failure' })
    expect(await send('permfail-rcpt@two.example')).toMatch(/^250/)
    await until(async () => failures() === 2, { what: 'the second failure' })
    await until(async () => over('2 failed recipients an hour').test(await send('a@one.example')), {
      what: 'the refusal',
    })
  })
})
