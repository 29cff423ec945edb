// Every budget is empty again after sessions that did anything, in any order, and ended at any moment: a place that is not given back is lost
// until the next start.

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { budgetTable } from '../../src/budget/budget-table.ts'
import { password, writeAccounts } from '../lib/accounts.ts'
import { freePort } from '../lib/free-port.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const SESSIONS = 400
const PARALLEL = 12
const SILENT_DOMAIN = 'silent.example'
/** Tokens are kept until their addresses expire. */
const kept = new Set(['srsTokens'])

let world: World
let last = 0
const nodes: { readonly node: WholeNode; readonly page: string }[] = []

/** Starts a node with a page of metrics; `srs-01` or `mx-01` is a host that takes everything. */
async function start(role: string, next: string, settings: { readonly yaml?: object; readonly mail: object }) {
  await world.destination(`${next}-01.example.org`)
  const admin = await freePort()
  const node = await world.node({
    role,
    listeners: role === 'mx' ? ['smtp'] : ['submission', 'submissions'],
    yaml: {
      peers: { [next]: [`mx.${next}-01.example.org:${world.mxPort}`] },
      admin: { listen: `127.0.0.1:${admin}` },
      ...settings.yaml,
    },
    mail: { domains: ['example.org'], ...settings.mail },
  })
  nodes.push({ node, page: `http://127.0.0.1:${admin}/metrics` })
}

beforeAll(async () => {
  world = await startWorld()
  world.dns.zone.set(`s._domainkey.${SILENT_DOMAIN}`, { fail: 'TIMEOUT' })
  const members = Array.from({ length: 40 }, (_, i) => `m${i}@far.example`)
  await start('mx', 'srs', { mail: { forwards: { kim: 'kim@far.example', team: members } } })
  const { yaml } = await writeAccounts(world)
  await start('submission', 'mx', { yaml, mail: { aliases: { lee: 'lee@far.example' } } })
})
afterAll(() => world.close())

const plain = (user: string, word: string) => `AUTH PLAIN ${Buffer.from(`\0${user}\0${word}`).toString('base64')}`
const line = (text: string) => fc.constant(`${text}\r\n`)
const signature = `DKIM-Signature: v=1; a=rsa-sha256; d=${SILENT_DOMAIN}; s=s; h=from; bh=YWJj; b=YWJj\r\n`
const header = `From: eve@stranger.example\r\nSubject: Hello\r\n`

/** What a client sends next, or `tls`. */
const step = fc.oneof(
  line('EHLO stranger.example'),
  line('STARTTLS'),
  fc.constant('tls'),
  line(plain('lee', password)),
  line(plain('lee', 'guess')),
  line('AUTH PLAIN'),
  line('MAIL FROM:<eve@stranger.example>'),
  line('MAIL FROM:<lee@example.org>'),
  fc.constantFrom('kim', 'team', 'lee', 'absent').map((name) => `RCPT TO:<${name}@example.org>\r\n`),
  line('DATA'),
  line('RSET'),
  line('.'),
  fc.constantFrom(header, signature, `X-Long: ${'x'.repeat(900)}\r\n`.repeat(90), '\r\n'),
  fc.constantFrom(`${'y'.repeat(70)}\r\n`.repeat(2000), `${'z'.repeat(70)}\r\n`.repeat(10_000)),
  line('QUIT'),
)
/** The usual order, so that some sessions get far: each step is left out or comes between others. */
const usual = (role: string, more: string) => [
  'EHLO stranger.example\r\n',
  ...(role === 'submission' ? ['STARTTLS\r\n', 'tls', 'EHLO c\r\n', `${plain('lee', password)}\r\n`] : []),
  `MAIL FROM:<${role === 'submission' ? 'lee@example.org' : 'eve@stranger.example'}>\r\n`,
  `RCPT TO:<${role === 'submission' ? 'lee' : 'team'}@example.org>\r\n`,
  'DATA\r\n',
  `${header}${more}\r\n`,
  `${'y'.repeat(70)}\r\n`.repeat(more === '' ? 8000 : 10),
  '.\r\n',
]

const session = fc.record({
  node: fc.constantFrom(0, 1),
  steps: fc.oneof(
    fc.array(step, { maxLength: 12 }).map((steps) => ({ order: null, steps })),
    fc.record({ order: fc.constantFrom('', signature), steps: fc.constant<string[]>([]) }),
  ),
  length: fc.integer({ min: 0, max: 13 }),
  waits: fc.array(fc.constantFrom(0, 0, 5, 40), { minLength: 13, maxLength: 13 }),
  end: fc.constantFrom('reset', 'end', 'destroy'),
})
type Session = typeof session extends fc.Arbitrary<infer Value> ? Value : never

async function play({ node: index, steps: { order, steps }, length, waits, end }: Session): Promise<void> {
  const target = nodes[index] ?? expect.unreachable()
  const role = index === 0 ? 'mx' : 'submission'
  const localAddress = `127.${200 + (last % 40)}.${++last % 250}.9`
  const client = await target.node.connect({ localAddress })
  client.socket.on('error', () => {})
  const all = order === null ? steps : usual(role, order)
  for (const [at, text] of all.slice(0, order === null ? all.length : length).entries()) {
    if (client.socket.destroyed) break
    if (text === 'tls') await client.startTls().catch(() => client.socket.destroy())
    else client.write(text)
    await replyOrMs(client, order === null ? (waits[at] ?? 0) : 300)
  }
  if (end === 'end') client.end()
  else if (end === 'reset') client.reset()
  else client.socket.destroy()
}

async function replyOrMs(client: SmtpDialogue, ms: number): Promise<void> {
  const before = client.received.length
  if (ms === 0) return
  await until(() => client.received.length > before || client.socket.destroyed, {
    what: '',
    timeout: ms,
    every: 5,
  }).catch(() => {})
}

async function used(page: string): Promise<string[]> {
  const text = await (await fetch(page)).text()
  return [...text.matchAll(/^waypost_budget_used\{budget="(\w+)"\} (\d+)$/gm)]
    .filter(([, name = '', count]) => count !== '0' && budgetTable[name as keyof typeof budgetTable].kind === 'pool')
    .filter(([, name = '']) => !kept.has(name))
    .map(([, name, count]) => `${name} ${count}`)
}

describe('after many sessions that end at any moment', () => {
  it('no unit of any budget is held', { timeout: 150_000 }, async () => {
    const seed = Date.now() % 2 ** 31
    const sessions = fc.sample(session, { numRuns: SESSIONS, seed })
    const all = sessions.values()
    const seen = new Set<string>()
    await Promise.all(
      Array.from({ length: PARALLEL }, async (_, lane) => {
        for (const one of all) {
          await play(one)
          if (lane === 0)
            for (const { page } of nodes) for (const held of await used(page)) seen.add(held.split(' ')[0] ?? '')
        }
      }),
    )
    // Otherwise the end of this test shows nothing.
    expect([...seen], `seed ${seed}`).toEqual(expect.arrayContaining(['unprovenSessions', 'sessions', 'destinations']))
    for (const { node, page } of nodes) {
      let left: string[] = []
      const empty = async () => (left = await used(page)).length === 0
      await until(empty, { what: 'empty budgets', timeout: 60_000, every: 200 }).catch(() => {})
      expect(left, `seed ${seed}, ${node.config}`).toEqual([])
      expect(node.log().filter((text) => text.includes('"msg":"bug:'))).toEqual([])
    }
  })
})
