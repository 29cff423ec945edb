// Viruses through an mx, an srs and a submission node: what is refused, and how the srs learns what the mx did not scan. The scanner is a
// fake; test/peers/clamd.test.ts uses the real one.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { password, writeAccounts } from '../lib/accounts.ts'
import { type FakeClamd, startFakeClamd } from '../lib/fake-clamd.ts'
import { freePort } from '../lib/free-port.ts'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const VIRUS = 'stream: Win.Worm FOUND'
const broken = (socket: { destroy(): void }) => socket.destroy()

let world: World
let clamd: FakeClamd
let mx: WholeNode
let srs: WholeNode
let submission: WholeNode
let home: SmtpPeer
let page: string
let serial = 0

beforeAll(async () => {
  world = await startWorld()
  clamd = await startFakeClamd()
  home = await world.destination('home.example')
  await world.destination('stranger.example')
  const mail = { domains: ['example.org'], users: { lee: null }, forwards: { kim: 'kim@home.example' } }
  srs = await world.node({ role: 'srs', mail, yaml: { arc: { seal: true } } })
  const admin = await freePort()
  page = `http://127.0.0.1:${admin}`
  const clamav = { servers: [clamd.name], timeout: '2s', max_size: 10_000 }
  mx = await world.node({
    role: 'mx',
    mail,
    yaml: {
      peers: { srs: [`${srs.address}:${srs.port}`] },
      clamav: { ...clamav, when_down: 'accept' },
      admin: { listen: `127.0.0.1:${admin}` },
    },
  })
  const accounts = await writeAccounts(world)
  submission = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail,
    yaml: { ...accounts.yaml, peers: { mx: ['mx-01.example.org'] }, clamav },
  })
})
afterEach(() => {
  clamd.verdict = 'stream: OK'
})
afterAll(async () => {
  await world.close()
  await clamd.close()
})

function newMessage(from: string, body = 'Hello.'): { id: string; text: string } {
  const id = `<${++serial}@stranger.example>`
  return { id, text: `From: ${from}\r\nSubject: A message\r\nMessage-ID: ${id}\r\n\r\n${body}\r\n` }
}

const send = (message: string) => mx.send({ from: 'ann@stranger.example', to: ['kim@example.org'], message })

const submit = (message: string) =>
  submission.send({
    security: 'implicit',
    tls: { rejectUnauthorized: false },
    login: { user: 'lee', password },
    from: 'lee@example.org',
    to: ['kim@home.example'],
    message,
  })

async function arrival(id: string): Promise<string> {
  const isIt = (one: SmtpPeer['messages'][number]) => one.data.includes(id)
  await until(() => home.messages.some(isIt), { what: `${id} to arrive` })
  return home.messages.find(isIt)?.data.toString() ?? ''
}

const refused = (reply: RegExp) => ({ kind: 'refused', reply: expect.stringMatching(reply) })
const lastCheck = (node: WholeNode) => node.ledger().findLast((one) => one.kind === 'checked' && one.check === 'virus')

async function rejection(node: WholeNode, cause: string): Promise<void> {
  const recorded = () => node.ledger().some((one) => one.kind === 'rejected' && one.cause === cause)
  await until(recorded, { what: `the rejection "${cause}" in the ledger` })
}

describe('at the mx', () => {
  it('a virus is refused, and nothing is queued', async () => {
    clamd.verdict = VIRUS
    expect(await send(newMessage('ann@stranger.example').text)).toMatchObject(
      refused(/^550 5\.7\.1 The message contains/),
    )
    expect(mx.queue()).toEqual([])
    await rejection(mx, `virus Win.Worm, found by ${clamd.name}`)
  })

  it('clean mail is marked, and a mark of the sender is removed', async () => {
    const { id, text } = newMessage('ann@stranger.example')
    await send(`Authentication-Results: example.org; x-virus=none\r\n${text}`)
    const found = await arrival(id)
    expect(found).toContain('x-virus=pass')
    expect(found).not.toContain('x-virus=none')
    // The seal covers only methods that other systems know.
    expect(/^ARC-Authentication-Results:.*(?:\r\n\t.*)*/m.exec(found)?.[0]).not.toContain('x-virus')
  })

  it.each([
    ['a message above the limit', 'none', 'unscanned', 'x'.repeat(900)],
    ['a message that no server scans', 'temperror', 'unavailable', 'Hello.'],
  ])('%s is accepted with a mark, and the srs knows', async (_, mark, result, line) => {
    if (result === 'unavailable') clamd.verdict = broken
    const { id, text } = newMessage('ann@stranger.example', Array(12).fill(line).join('\r\n'))
    expect(await send(text)).toMatchObject({ kind: 'accepted' })
    expect(await arrival(id)).toContain(`x-virus=${mark}`)
    expect(lastCheck(mx)).toMatchObject({ result })
    const reported = lastCheck(srs)
    expect(reported).toMatchObject({ result, detail: 'reported by mx' })
    const trace = await runWaypost(['trace', '-c', srs.config, reported?.queueId ?? ''])
    expect(trace.stdout).toContain(`checked virus: ${result} (reported by mx)`)
  })

  it('metrics, log and health report it', async () => {
    const metrics = await (await fetch(`${page}/metrics`)).text()
    for (const result of ['clean', 'infected', 'unscanned', 'unavailable'])
      expect(metrics).toMatch(new RegExp(`^waypost_virus_checks_total\\{result="${result}"\\} 1$`, 'm'))
    expect(mx.log().some((one) => one.includes('the virus scanner does not answer'))).toBe(true)
    expect(await (await fetch(`${page}/healthz`)).text()).not.toContain('virus scanner')
    clamd.pong = 'NO'
    expect(await (await fetch(`${page}/healthz`)).text()).toContain(`the virus scanner does not answer: ${clamd.name}`)
    clamd.pong = 'PONG'
  })
})

describe('at the submission node', () => {
  it('a virus of a user is refused', async () => {
    clamd.verdict = VIRUS
    expect(await submit(newMessage('lee@example.org').text)).toMatchObject(refused(/^550 5\.7\.1 /))
    await rejection(submission, `virus Win.Worm, found by ${clamd.name}`)
  })

  it('clean mail leaves without a mark, and without a scanner it is deferred', async () => {
    const { id, text } = newMessage('lee@example.org')
    expect(await submit(text)).toMatchObject({ kind: 'accepted' })
    expect(await arrival(id)).not.toContain('x-virus')
    expect(lastCheck(submission)).toMatchObject({ result: 'clean' })
    clamd.verdict = broken
    expect(await submit(newMessage('lee@example.org').text)).toMatchObject(
      refused(/^451 4\.3\.0 The virus scanner does not answer/),
    )
  })
})

it('waypost explain --message asks the scanner and shows the result', async () => {
  const file = join(world.folder, 'message.eml')
  writeFileSync(file, newMessage('ann@stranger.example').text)
  const explain = () =>
    runWaypost(['explain', 'kim@example.org', '-c', mx.config, '--from', 'ann@stranger.example', '--message', file])
  const clean = await explain()
  expect(clean.stdout).toContain(`checked virus: clean (${clamd.name})`)
  expect(clean.status).toBe(0)
  clamd.verdict = VIRUS
  const infected = await explain()
  expect(infected.stdout).toContain(`(virus Win.Worm, found by ${clamd.name})`)
  expect(infected.status).toBe(1)
})

it('every accepted recipient has one final event', async () => {
  await Promise.all([mx, srs, submission].map((node) => node.emptied()))
  for (const node of [mx, srs, submission]) expect(brokenPromises(node.ledger())).toEqual([])
})
