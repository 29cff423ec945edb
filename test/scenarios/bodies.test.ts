// Bodies of every size, many at once: at their first attempt (out of memory), later (out of the database or the spool) and behind a crash
// each arrives whole and with its own mail. Bodies share memory on their way to the queue, so a mistake there would mix letters up.

import { createHash, randomBytes, randomInt } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { INLINE_LIMIT } from '../../src/queue/contract/queue.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const MAILS = 120
/** Sessions at once. */
const SENDERS = 8
const SIZES = [0, 1, 100, 4000, 16_384, 40_000, 65_536, INLINE_LIMIT - 200, INLINE_LIMIT + 200, 300_000]

let world: World
let node: WholeNode
let host: SmtpPeer

beforeEach(async () => {
  world = await startWorld()
  host = await world.destination('far.example')
  node = await world.node({ role: 'srs', yaml: { queue: { minimal_backoff: '1h', maximal_backoff: '1h' } } })
})
afterEach(() => world.close())

/** Lines of about this many octets in all, some of which begin with dots. */
function bodyOf(octets: number): string {
  const text = randomBytes(Math.ceil(octets / 2))
    .toString('hex')
    .slice(0, octets)
  return text.replaceAll(/.{1,70}/g, (line) => `${randomInt(4) === 0 ? '.' : ''}${line}\r\n`)
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

async function sendMany(sent: Set<string>): Promise<void> {
  let left = MAILS
  const sender = async () => {
    while (left-- > 0) {
      const body = bodyOf(SIZES[left % SIZES.length] as number)
      const seen = `${left} ${hash(body)}`
      const message = `From: ann@sender.example\r\nX-Seen: ${seen}\r\n\r\n${body}`
      const answer = await node.send({ to: ['kim@example.org'], message })
      expect(answer).toMatchObject({ kind: 'accepted' })
      sent.add(seen)
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
}

/** What arrived: the mark in the header, and the hash of the body that came with it. */
function arrived(): { readonly seen: string; readonly hash: string }[] {
  return host.messages.map(({ data }) => {
    const [header = '', ...body] = data.toString('latin1').split('\r\n\r\n')
    return { seen: /^X-Seen: (.*)$/m.exec(header)?.[1] ?? '', hash: hash(body.join('\r\n\r\n')) }
  })
}

async function allArrived(sent: ReadonlySet<string>): Promise<void> {
  const here = () => new Set(arrived().map(({ seen }) => seen))
  await until(() => sent.difference(here()).size === 0, { what: 'all mail to arrive', timeout: 60_000 })
  for (const one of arrived()) expect(one.seen.split(' ')[1]).toBe(one.hash)
}

it('arrive as they were sent', { timeout: 120_000 }, async () => {
  const sent = new Set<string>()
  await sendMany(sent)
  await allArrived(sent)
  await node.emptied()
  await until(() => node.spool().length === 0, { what: 'the spool to be empty' })
})

it('arrive unchanged after a wait and a crash', { timeout: 120_000 }, async () => {
  const sent = new Set<string>()
  host.change({ moods: { mail: 'tempfail' } })
  await sendMany(sent)
  await until(() => node.queue().every(({ recipients }) => recipients.every(({ state }) => state === 'deferred')), {
    what: 'every mail to be deferred',
    timeout: 60_000,
  })
  await node.stop('SIGKILL')
  await node.start()
  host.change({})
  const retried = await runWaypost(['queue', 'retry', '--all', '--reason', 'back', '-c', node.config])
  expect(retried).toMatchObject({ status: 0 })
  await allArrived(sent)
  await node.emptied()
})
