// Mail of odd but real programs passes an mx: addresses with dots where none belong, underscores in domains, lines before the header section,
// thousands of recipients in To and Cc.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let srs: WholeNode
let far: SmtpPeer

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  srs = await world.node({
    role: 'srs',
    mail: { domains: ['example.org'], forwards: { kim: '"taro..y"@far.example' } },
  })
})
afterAll(() => world.close())

async function sent(from: string, message: string) {
  const before = far.messages.length
  const { reply } = await srs.send({ from, to: ['kim@example.org'], message })
  expect(reply).toMatch(/^250/)
  await until(() => far.messages.length > before, { what: 'the mail' })
  return far.messages[before] as SmtpPeer['messages'][number]
}

it('quotes a local part with dots in a row onward, of the sender and of the recipient', async () => {
  const mail = await sent('taro.@mobile.example', 'From: taro@mobile.example\r\n\r\nHello.\r\n')
  expect(mail.rcpts.join()).toContain('<"taro..y"@far.example>')
  expect(mail.mail).toMatch(/<"SRS0=.*=mobile\.example=taro\."@srs\.example\.org>/)
})

it('takes a sender whose domain has an underscore', async () => {
  const mail = await sent('app@my_host.shop.example', 'From: app@my_host.shop.example\r\n\r\nHello.\r\n')
  expect(mail.mail).toContain('my_host.shop.example=app@')
})

it.each(['From app Sun Nov 29 10:00:00 2026\r\n', '>From app\r\n', '\r\n', '\u{feff}'])(
  'drops %j before the header section',
  async (start) => {
    const mail = await sent(
      'app@shop.example',
      `${start}Subject: Order 4711\r\nFrom: app@shop.example\r\n\r\nHello.\r\n`,
    )
    const text = mail.data.toString()
    expect(text.slice(0, text.indexOf('\r\n\r\n'))).toMatch(/^Subject: Order 4711\r$/m)
    expect(text.slice(text.indexOf('\r\n\r\n'))).toBe('\r\n\r\nHello.\r\n')
  },
)

it('takes thousands of short lines in To and Cc', async () => {
  const list = (name: string) =>
    `${name}: ${Array.from({ length: 3000 }, (_, i) => `member${i}@list.example`).join(',\r\n ')}\r\n`
  const mail = await sent('ann@list.example', `From: ann@list.example\r\n${list('To')}${list('Cc')}\r\nHello.\r\n`)
  expect(mail.data.toString()).toContain('member2999@list.example\r\nCc:')
})
