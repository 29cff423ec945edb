// Kill -9 in the middle of a stream of mail, again and again: whatever got a 250 is delivered at least once (RFC 5321 6.1), and a crash
// costs a duplicate at most where an attempt was under way.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sendTestMail } from '../../src/cli/mail-client.ts'
import { type InternetHost, startInternetHost } from '../../src/demo/internet-host.ts'
import { type NodeProcess, startNodeProcess } from '../../src/demo/node-process.ts'
import { freePort } from '../lib/free-port.ts'
import { until } from '../lib/until.ts'

const KILLS = 5
const SENDERS = 8
/** Every so many mails one is too large to be kept in the database. */
const LARGE_EVERY = 7
const LARGE = 'A line of a body that goes into a spool file, because it is long.\r\n'.repeat(1500)

let folder: string
let next: InternetHost
let port: number
let node: NodeProcess

const boot = () => startNodeProcess(join(folder, 'node.yaml'), join(folder, 'log'))

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-kill-'))
  mkdirSync(join(folder, 'data'))
  next = await startInternetHost({ name: 'next.example.net', host: '127.0.0.1', port: 0 })
  port = await freePort()
  writeFileSync(
    join(folder, 'node.yaml'),
    `role: ${join(import.meta.dirname, '../bench/relay-role.yaml')}
hostname: node.example.org
domain: example.org
data: ${join(folder, 'data')}
listen: { smtp: "127.0.0.1:${port}" }
peers: { source: [{ host: "127.0.0.1:1", addresses: ["127.0.0.1/32"] }] }
smarthost: "smtp:[127.0.0.1]:${next.port}"
queue: { minimal_backoff: 1s, maximal_backoff: 1s, reserve: 1M }
`,
  )
  node = await boot()
})

afterEach(async () => {
  await node.stop('SIGKILL')
  await next.close()
  rmSync(folder, { recursive: true, force: true })
})

const idOf = (message: Buffer): string => /^Message-ID: <([^@>]+)/im.exec(message.toString('latin1'))?.[1] ?? 'none'

it(`${KILLS} kills lose nothing`, { timeout: 180_000 }, async () => {
  const accepted = new Set<string>()
  const state = { sent: 0, running: true }

  /** Sends one mail after the other; a mail counts only if its 250 was read. */
  async function stream(sender: number): Promise<void> {
    for (let turn = 0; state.running; turn++) {
      const id = `${sender}-${turn}`
      const body = turn % LARGE_EVERY === 0 ? LARGE : 'small\r\n'
      const message = `From: a@example.com\r\nMessage-ID: <${id}@example.com>\r\n\r\n${body}`
      state.sent++
      const mail = { host: '127.0.0.1', port, security: 'none', from: 'a@example.com', to: ['b@example.net'] } as const
      const sent = await sendTestMail({ ...mail, message, onLine: () => undefined })
      if (sent.kind === 'accepted') accepted.add(id)
      else await sleep(20)
    }
  }

  const streams = Array.from({ length: SENDERS }, (_unused, sender) => stream(sender))
  for (let kill = 0; kill < KILLS; kill++) {
    const before = accepted.size
    await until(() => accepted.size >= before + 60, { what: 'mail to be accepted', timeout: 30_000 })
    await node.stop('SIGKILL')
    node = await boot()
  }
  state.running = false
  await Promise.all(streams)

  const arrived = () => next.mails.map((mail) => idOf(mail.message))
  await until(() => accepted.difference(new Set(arrived())).size === 0, {
    what: 'every 250 to arrive',
    timeout: 60_000,
  })
  const times = Map.groupBy(arrived(), (id) => id)
  expect(accepted.size).toBeGreaterThan(KILLS * 60)
  expect(Math.max(...[...times.values()].map((copies) => copies.length))).toBeLessThanOrEqual(1 + KILLS)
  const whole = next.mails.filter((mail) => mail.message.includes('goes into a spool file'))
  expect(whole.length).toBeGreaterThan(0)
  expect(whole.every((mail) => mail.message.includes(LARGE))).toBe(true)
})
