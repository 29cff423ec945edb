// The brake at a whole submission node: a thief sends, the account is put on hold, its queued mail stops, the operator sees what has left,
// purges the rest and releases the account. A hold that an operator makes while the node is stopped acts before anything is delivered.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let fast: SmtpPeer

beforeAll(async () => {
  world = await startWorld()
  const accounts = await writeAccounts(world)
  fast = await world.destination('fast.example')
  await world.destination('slow.example', { moods: { rcpt: 'tempfail' } })
  node = await world.node({
    role: 'submission',
    listeners: ['submission', 'submissions'],
    yaml: {
      ...accounts.yaml,
      peers: { mx: ['127.0.0.1:2599'] },
      brake: { users: { recipients: 1, new_domains: 1 }, hold_at: 4 },
      queue: { minimal_backoff: '1h', maximal_backoff: '1h', min_free: '1M' },
    },
    mail: { domains: ['example.org'], aliases: { lee: 'lee@fast.example' } },
  })
})
afterAll(() => world.close())

async function send(...to: readonly string[]): Promise<string> {
  const message = 'From: lee@example.org\r\nSubject: x\r\n\r\nHello.\r\n'
  const tls = { ca: world.ca.certificate, servername: 'node-1.example.org' }
  const login = { user: 'lee', password }
  const sent = await node.send({ from: 'lee@example.org', to, message, security: 'starttls', tls, login })
  return sent.kind === 'accepted' ? sent.reply : sent.reply
}

const account = (...args: string[]) => runWaypost(['account', ...args, '-c', node.config])
const states = () =>
  node.queue().flatMap(({ recipients }) => recipients.map(({ address, state }) => `${address} ${state}`))
const victims = (domain: string, count: number) => Array.from({ length: count }, (_, i) => `v${i}@${domain}`)

describe('a stolen account', () => {
  it('is put on hold: its queued mail stops, and new mail is held', async () => {
    expect(await send(...victims('slow.example', 3))).toMatch(/^250/)
    await until(async () => node.ledger().filter(({ kind }) => kind === 'deferred').length === 3, {
      what: 'the attempts',
    })
    expect(await send('first@fast.example')).toMatch(/^250/)
    await until(async () => fast.messages.length === 1, { what: 'the first delivery' })
    expect(await send(...victims('fast.example', 12))).toMatch(/^250/)
    await until(async () => states().filter((one) => one.endsWith(' held')).length === 15, { what: 'the holds' })
    expect(await send('friend@fast.example')).toMatch(/^250/)
    expect(states()).toContain('friend@fast.example held')
    expect(fast.messages).toHaveLength(1)
    const held = node.ledger().find(({ kind }) => kind === 'account-held')
    expect(held).toMatchObject({ account: 'user:lee', by: 'node', evidence: expect.stringContaining('RECIPIENTS 4') })
    expect(node.log().some((line) => line.includes('"event":"account-held"'))).toBe(true)
  })

  it('is in the list, with what has left', async () => {
    expect((await account('list')).stdout).toMatch(
      /^user:lee {2}on hold since .* by node: unusual, score 4\.?\d* of 4 \(RECIP/,
    )
    const shown = JSON.parse((await account('show', 'lee', '--json')).stdout)
    expect(shown).toMatchObject({ account: 'user:lee', held: 16, waiting: 0, signs: { recipients: { usual: 0 } } })
    const left = shown.left as { domain: string; result: string; reply: string }[]
    expect(left.filter(({ result }) => result === 'delivered')).toMatchObject([
      { domain: 'fast.example', reply: expect.stringMatching(/^250/) },
    ])
    expect(left.filter(({ result }) => result === 'deferred')).toHaveLength(3)
  })

  it('stays on hold over a kill, and continues when it is released', async () => {
    await node.stop('SIGKILL')
    await node.start()
    expect(await send('friend@fast.example')).toMatch(/^250/)
    expect(states().filter((one) => one === 'friend@fast.example held')).toHaveLength(2)
    const purged = await runWaypost(['queue', 'remove', '--recipient', 'v*@*', '-c', node.config])
    expect(purged.stdout).toMatch(/^15 recipients removed/)
    expect(await account('release', 'lee', '--reason', 'new password')).toMatchObject({ status: 0 })
    await until(async () => fast.messages.length === 3, { what: 'the mail of the user' })
    expect(await send('friend@fast.example')).toMatch(/^250/)
    await until(async () => fast.messages.length === 4, { what: 'new mail' })
    await until(async () => node.ledger().some(({ kind }) => kind === 'account-released'), { what: 'the event' })
  })
})

describe('an operator', () => {
  it('stops an account of a stopped node before anything is delivered, and purges its mail', async () => {
    expect(await send(...victims('slow.example', 2))).toMatch(/^250/)
    await node.stop('SIGKILL')
    expect(await account('hold', 'user:Lee', '--reason', 'leak')).toMatchObject({ status: 0 })
    await node.start()
    expect(states().toSorted()).toEqual(['v0@slow.example held', 'v1@slow.example held'])
    expect((await account('purge', 'lee')).stdout).toBe('2 recipients removed\n')
    expect(await account('release', 'lee')).toMatchObject({ status: 0 })
  })

  it('announces a newsletter', async () => {
    const allowed = await account('allow', 'lee', '--recipients', '500', '--for', '2h', '--reason', 'news')
    expect(allowed.stdout).toMatch(/^user:lee {2}500 recipients announced until .*: news\n$/)
    expect(await send(...victims('fast.example', 60))).toMatch(/^250/)
  })
})
