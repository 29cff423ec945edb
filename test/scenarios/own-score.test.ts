// The node's own score at a whole mx without rspamd, and in place of one that is down: marks, refusals, ledger, ceiling, explain, restart keys.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let lists: SmtpPeer
let mx: WholeNode

beforeAll(async () => {
  world = await startWorld()
  lists = await world.destination('lists.example')
  mx = await startMx({ score: { mark: 6, refuse: 12, points: { NO_SUBJECT: 0.25 } } })
})
afterAll(() => world.close())

function startMx(yaml: Record<string, unknown>) {
  const list = `smtp:[${String(world.dns.zone.get('mx.lists.example')?.A)}]:${world.mxPort}`
  const mail = { domains: ['example.org'], transports: { 'list@example.org': list } }
  return world.node({ role: 'mx', mail, yaml: { peers: { srs: ['192.0.2.1:25'] }, ...yaml } })
}

const ordinary = () =>
  `From: Ann <ann@sender.example>\r\nSubject: x\r\nDate: ${new Date().toUTCString()}\r\nMessage-ID: <1@sender.example>\r\n`
const program = 'Content-Type: multipart/mixed; boundary=b\r\n'
const body = '--b\r\nContent-Disposition: attachment; filename="invoice.pdf.exe"\r\n\r\nMZ\r\n--b--\r\n'

async function send(node: WholeNode, message: string): Promise<string> {
  const { reply } = await node.send({ to: ['list@example.org'], message, from: 'ann@sender.example' })
  return reply
}
const last = () => (lists.messages.at(-1)?.data.toString() ?? '').replaceAll(/\r\n[ \t]+/g, ' ')
const trace = async (node: WholeNode, reply: string) => {
  const id = /queued as (\w+)/.exec(reply)?.[1] ?? 'none'
  return (await runWaypost(['trace', id, '-c', node.config])).stdout
}

describe('an mx without rspamd', () => {
  it('passes ordinary mail with its score, and says in the ledger what it saw', async () => {
    const reply = await send(mx, `${ordinary()}\r\nHello.\r\n`)
    expect(reply).toMatch(/^250/)
    await until(() => lists.messages.length === 1, { what: 'the message' })
    expect(last()).toMatch(/^X-Spam-Status: No, score=[\d.]+ required=12\r$/m)
    expect(last()).not.toContain('X-Spam-Flag')
    expect(await trace(mx, reply)).toMatch(/checked spam: no-action \(no action, score [\d.]+ of 12: .*UNPROVEN 1\.5/)
  })

  it('marks a program by the name of its attachment', async () => {
    const before = lists.messages.length
    const reply = await send(mx, `${ordinary()}${program}\r\n${body}`)
    expect(reply).toMatch(/^250/)
    await until(() => lists.messages.length > before, { what: 'the message' })
    expect(last()).toMatch(/^X-Spam-Flag: YES\r$/m)
    expect(await trace(mx, reply)).toMatch(/checked spam: add-header .*DANGEROUS_FILE 6/)
  })

  it('refuses what has nearly everything against it, and takes the points of the configuration', async () => {
    const reply = await send(mx, `X: y\r\n${program}\r\n${body}`)
    expect(reply).toMatch(/^554 5\.7\.1 Spam message rejected/)
    await until(() => mx.log().some((line) => /DANGEROUS_FILE 6 \(invoice\.pdf\.exe\).*NO_SUBJECT 0\.25/.test(line)), {
      what: 'the cause',
    })
  })

  it('explains the same for a message in a file', async () => {
    const file = join(mx.data, '..', 'message.eml')
    writeFileSync(file, `${ordinary()}${program}\r\n${body}`)
    const args = ['explain', 'list@example.org', '-c', mx.config, '--from', 'ann@sender.example', '--message', file]
    expect((await runWaypost(args)).stdout).toMatch(
      /spam: add-header \(add header, score [\d.]+ of 12: DANGEROUS_FILE 6/,
    )
  })
})

it('counts while rspamd does not answer', async () => {
  const urls = [`http://127.0.0.1:${await freePort()}`]
  const node = await startMx({ score: {}, rspamd: { urls, timeout: '1s' } })
  const reply = await send(node, `${ordinary()}${program}\r\n${body}`)
  expect(reply).toMatch(/^250/)
  expect(await trace(node, reply)).toMatch(/checked spam: add-header .*DANGEROUS_FILE 6/)
})

it('is an error where nothing asks for it, or where it refuses before it marks', async () => {
  const refused = async (role: 'mx' | 'srs', score: object) => {
    const node = await world.node({ role, start: false, yaml: { score } })
    return (await runWaypost(['check', '-c', node.config])).stderr
  }
  expect(await refused('srs', {})).toMatch(/node\.yaml:\d+:\d+: score: found a spam score, expected none/)
  expect(await refused('mx', { mark: 9, refuse: 8 })).toMatch(
    /score\.refuse: found 8, expected at least the score of mark \(9\)/,
  )
  expect(await refused('mx', { points: { SPF_FIAL: 1 } })).toMatch(/score\.points.*SPF_FIAL/)
})
