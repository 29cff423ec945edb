// The quarantine at a whole mx: suspicious mail is accepted and held, visible in every command, and delivered after a release; when the space
// is used up, the mail is deferred.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let lists: SmtpPeer
let mx: WholeNode
let page: string

beforeAll(async () => {
  world = await startWorld()
  lists = await world.destination('lists.example')
  const list = `smtp:[${String(world.dns.zone.get('mx.lists.example')?.A)}]:${world.mxPort}`
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  mx = await world.node({
    role: 'mx',
    mail: { domains: ['example.org'], transports: { 'list@example.org': list, 'desk@example.org': list } },
    yaml: {
      peers: { srs: ['192.0.2.1:25'] },
      admin: { listen: `127.0.0.1:${admin}` },
      score: { mark: 6, quarantine: 10, refuse: 30, points: { NO_SUBJECT: 10 } },
      queue: { quarantine: { messages: 2, keep: '2d' } },
    },
  })
})
afterAll(() => world.close())

const send = async (to: string[], subject = '') => {
  const message = `From: Ann <ann@sender.example>\r\n${subject}Date: ${new Date().toUTCString()}\r\nMessage-ID: <1@sender.example>\r\n\r\nHello.\r\n`
  return mx.send({ to, message, from: 'ann@sender.example' })
}
const command = async (...words: string[]) => (await runWaypost([...words, '-c', mx.config])).stdout
const idOf = (reply: string) => /queued as (\w+)/.exec(reply)?.[1] ?? 'none'
const get = async (path: string) => (await fetch(`${page}${path}`)).text()

describe('suspicious mail', () => {
  it('is accepted and held, and an operator releases it', async () => {
    const { reply } = await send(['list@example.org', 'desk@example.org'])
    expect(reply).toMatch(/^250/)
    expect((await send(['list@example.org'], 'Subject: usual\r\n')).reply).toMatch(/^250/)
    await until(() => lists.messages.length === 1, { what: 'the usual message' })
    const id = idOf(reply)
    expect(await command('queue', 'list', '--state', 'held')).toMatch(
      /held by node since .*: quarantine: score [\d.]+ of 30: NO_SUBJECT 10/,
    )
    expect(await command('trace', id)).toMatch(
      /held by node: list@example\.org \(reason: quarantine: score .*; until \d{4}-/,
    )
    expect(await get('/metrics')).toMatch(/^waypost_quarantine_messages 1$/m)
    expect(await get('/healthz')).not.toContain('quarantine is nearly full')
    await mx.stop()
    await mx.start()
    await command('queue', 'release', id)
    await until(() => lists.messages.length === 2, { what: 'the released message' })
    expect(lists.messages.at(-1)?.data.toString()).toContain('X-Spam-Flag: YES')
    await mx.emptied()
  })

  it('is deferred when the quarantine is full, and usual mail is not', async () => {
    for (let i = 0; i < 2; i++) expect((await send(['list@example.org'])).reply).toMatch(/^250/)
    expect((await send(['list@example.org'])).reply).toMatch(/^451 4\.7\.1 This message looks suspicious/)
    expect((await send(['list@example.org'], 'Subject: usual\r\n')).reply).toMatch(/^250/)
    expect(await get('/healthz')).toContain('the quarantine is nearly full: 2 messages')
    const held = mx.queue().filter(({ recipients }) => recipients.some(({ state }) => state === 'held'))
    expect(held).toHaveLength(2)
    for (const { queueId } of held) await command('queue', 'remove', queueId, '--reason', 'spam')
    expect((await send(['list@example.org'])).reply).toMatch(/^250/)
  })
})
