// waypost explain agrees with the reply of the running node to RCPT, for generated data and every written form of an address.

import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { explain } from '../../src/cli/mail/explain.ts'
import { captureIo } from '../lib/captured-io.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode

beforeAll(async () => {
  world = await startWorld()
  await world.destination('far.example')
  node = await world.node({
    role: 'mx',
    // The test names unknown recipients without end.
    yaml: {
      peers: { srs: ['srs-01.example.org'] },
      postmaster: 'kim@example.org',
      limits: { unknown_recipients_per_ip: 1_000_000, errors_per_ip: 1_000_000 },
    },
    mail: {
      domains: ['example.org', 'caught.example', 'bücher.example'],
      alias_domains: { 'example.net': 'example.org' },
      generic_domains: ['web.example.org'],
      users: ['kim', 'sam'],
      aliases: {
        group: ['kim', 'lee', 'lists@lists.example.org'],
        copy: ['copy', 'kim'],
        'board+tag': 'lee',
        '"quoted name"': 'kim',
        jürgen: 'kim',
        empty: [],
        'kim@bücher.example': 'kim',
      },
      forwards: { kim: 'kim@far.example', lee: { to: 'lee@far.example', tag: 'keep' }, copy: 'copy@far.example' },
      transports: { 'lists.example.org': 'smtp:[192.0.2.9]', 'lee@caught.example': 'lmtp:[127.0.0.1]:24' },
      catch_all: { 'caught.example': 'group' },
      rewrites: [{ pattern: '^ex-(.*)@example\\.org$', to: '$1@example.org' }],
      host_aliases: { 'web.example.org': { cron: 'kim' } },
      discards: { noreply: 'unread' },
      refusals: { gone: 'Kim has left' },
      recipient_bcc: { 'x@lists.example.org': 'audit@far.example' },
    },
  })
})
afterAll(() => world.close())

const locals = [
  'kim',
  'lee',
  'sam',
  'group',
  'copy',
  'board',
  'empty',
  'noreply',
  'gone',
  'ex-kim',
  'ex-ex-lee',
  'cron',
  'nobody',
]
const local = fc.oneof(
  fc.constantFrom(...locals),
  fc.constantFrom(
    'postmaster',
    'abuse',
    'jürgen',
    'ju\u0308rgen',
    '"quoted name"',
    '"kim"',
    'kim%far.example',
    'far.example!kim',
    '*',
    'x',
  ),
  fc.constantFrom('SRS0=aaaa=AA=far.example=kim', 'srs1=x', 'a.b', '"a@b"'),
)
const domains = [
  'example.org',
  'example.net',
  'caught.example',
  'bücher.example',
  'xn--bcher-kva.example',
  'far.example',
]
const others = [
  'lists.example.org',
  'web.example.org',
  'sub.example.org',
  'srs.example.org',
  '[127.0.0.1]',
  'localhost',
]
const domain = fc.constantFrom(...domains, ...others)
const tag = fc.constantFrom('', '', '', '+tag', '+', '+a+b', '-tag')
const recipient = fc
  .tuple(local, tag, domain, fc.constantFrom('', '.'), fc.boolean())
  .map(([name, more, at, dot, loud]) => {
    const address = `${name.startsWith('"') ? name : `${name}${more}`}@${at}${at.startsWith('[') ? '' : dot}`
    return loud ? address.toUpperCase() : address
  })

async function answerOfNode(address: string, from: string): Promise<string> {
  const client = await node.connect()
  try {
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.expect(`MAIL FROM:<${from}> SMTPUTF8`, '250')
    client.send(`RCPT TO:<${address}>`)
    const reply = await client.reply()
    return reply.code === 250 ? '250' : reply.lines.join(' ')
  } finally {
    client.end()
  }
}

async function answerOfExplain(address: string, from: string): Promise<string> {
  const io = captureIo()
  const usual = { config: node.config, ip: '127.0.0.1', helo: 'client.example', at: Date.now(), json: true }
  const code = await explain({ ...usual, recipient: address, from: from === '' ? '<>' : from }, io)
  // Exit code 2: an invalid address for explain is invalid for the node.
  if (code === 2) return 'no address'
  const { refused } = JSON.parse(io.out()) as { refused: { code: number; enhanced: string; text: string } | null }
  expect(code, address).toBe(refused ? 1 : 0)
  return refused ? `${refused.code} ${refused.enhanced} ${refused.text}` : '250'
}

it('for each address', async () => {
  const answers = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(recipient, fc.constantFrom('ann@sender.example', ''), async (address, from) => {
      const said = await answerOfNode(address, from)
      const explained = await answerOfExplain(address, from)
      answers.set(said, (answers.get(said) ?? 0) + 1)
      if (explained === 'no address') expect(said, address).toMatch(/^50[1-4]|^553/)
      else expect(explained, address).toBe(said)
    }),
    { numRuns: 100 },
  )
  // Both accepted and refused addresses must occur.
  expect([...answers.keys()].filter((answer) => /^(250|550 5\.1\.1|554 5\.7\.1)/.test(answer)).length).toBeGreaterThan(
    2,
  )
})
