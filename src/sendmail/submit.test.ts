import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { type PeerOptions, type SmtpPeer, startSmtpPeer } from '../../test/lib/smtp-peer.ts'
import { until } from '../../test/lib/until.ts'
import { describe as inOneLine, submit } from './submit.ts'
import type { Submission } from './submit.ts'

let node: SmtpPeer
const envelope = { sender: 'root', recipients: ['kim@a.example'], notify: [], ret: null, envid: null } as const
const message = Buffer.from('A: b\r\n\r\n.\r\n..x\r\nHello\r\n')
const extensions = ['PIPELINING', '8BITMIME', 'SIZE 1000', 'DSN', 'SMTPUTF8']
const clock = createFakeClock()

beforeEach(async () => void (node = await startSmtpPeer({ extensions })))
afterEach(() => node.close())

const send = (change: Partial<Submission['envelope']> = {}, other: Partial<Submission> = {}) =>
  submit(
    { kind: 'tcp', host: '127.0.0.1', port: node.port },
    { envelope: { ...envelope, ...change }, message, name: 'web-01', as: null, ...other },
    { clock },
  )
const summary = async (change: Partial<Submission['envelope']>, options: PeerOptions = {}) => {
  node.change({ extensions, ...options })
  const { accepted, refused, waiting } = await send(change)
  return [accepted, refused.map(({ recipient }) => recipient), waiting.map(({ recipient }) => recipient)]
}

it('submits the message as it is, with the parameters of DSNs', async () => {
  const result = await send({ notify: ['FAILURE'], ret: 'HDRS', envid: 'a+b' })
  expect(result).toEqual({ accepted: ['kim@a.example'], refused: [], waiting: [] })
  expect(node.messages[0]?.data.toString()).toBe(message.toString())
  expect(node.messages[0]?.mail).toBe(`MAIL FROM:<root> SIZE=${message.length} RET=HDRS ENVID=a+2Bb`)
  expect(node.messages[0]?.rcpts).toEqual(['RCPT TO:<kim@a.example> NOTIFY=FAILURE'])
})

it('asks for 8BITMIME and SMTPUTF8 where the message or an address needs it', async () => {
  await send({ sender: null }, { message: Buffer.from('A: b\r\n\r\n\xe4\r\n', 'latin1') })
  await send({ sender: 'jörg@a.example' })
  await until(() => node.messages.length === 2, { what: 'both messages' })
  expect(node.messages.map(({ mail }) => mail.replace(/ SIZE=\d+/, ''))).toEqual([
    'MAIL FROM:<> BODY=8BITMIME',
    'MAIL FROM:<jörg@a.example> SMTPUTF8',
  ])
})

it('sorts recipients into accepted, refused and waiting', async () => {
  const recipients = ['permfail-rcpt@a.example', 'ok@a.example', 'tempfail-rcpt@a.example', 'ok@a.example']
  expect(await summary({ recipients })).toEqual([
    ['ok@a.example'],
    ['permfail-rcpt@a.example'],
    ['tempfail-rcpt@a.example'],
  ])
})

it('sends to more recipients than the node takes at once', async () => {
  const recipients = ['a@b.example', 'c@d.example', 'e@f.example', 'g@h.example', 'i@j.example']
  expect(await summary({ recipients }, { recipientLimit: 2 })).toEqual([recipients, [], []])
  expect(node.messages.map(({ rcpts }) => rcpts.length)).toEqual([2, 2, 1])
})

it.each([
  ['a refused sender', { moods: { mail: 'permfail' } }, 'refused'],
  ['a sender to try later', { moods: { mail: 'tempfail' } }, 'waiting'],
  ['a refused message', { moods: { dot: 'permfail' } }, 'refused'],
  ['a message to try later', { moods: { dot: 'tempfail' } }, 'waiting'],
  ['DATA to try later', { moods: { data: 'tempfail' } }, 'waiting'],
  ['a greeting of 554', { replies: { connect: '554 5.7.1 known clients only' } }, 'waiting'],
  ['EHLO refused', { ehloRefusal: '502 5.5.1 no' }, 'waiting'],
  ['a connection that ends before the reply', { moods: { dot: 'disconnect' } }, 'waiting'],
  ['a connection that ends at once', { moods: { connect: 'disconnect' } }, 'waiting'],
] as const)('%s', async (_what, options: PeerOptions, list) => {
  const [accepted, refused, waiting] = await summary({}, options)
  expect({ accepted, refused, waiting }).toEqual({
    accepted: [],
    refused: [],
    waiting: [],
    [list]: ['kim@a.example'],
  })
})

it('waits for a node that is silent until its time is over', async () => {
  node.change({ extensions, moods: { rcpt: 'stall' } })
  const result = send()
  await until(() => node.commands.some(({ line }) => line.startsWith('RCPT')), { what: 'RCPT' })
  await clock.advance(60_000)
  expect((await result).waiting).toEqual([{ recipient: 'kim@a.example', cause: 'no reply in time' }])
})

it('a node that is down leaves everything waiting', async () => {
  await node.close()
  expect((await send()).waiting).toMatchObject([{ recipient: 'kim@a.example', cause: /ECONNREFUSED/ }])
})

it('a login that is refused ends the attempt', async () => {
  const { refused } = await send({}, { as: { user: 'kim', clientIp: '2001:db8::1' } })
  expect(node.commands.map(({ line }) => line)).toEqual(
    expect.arrayContaining(['XFORWARD ADDR=IPV6:2001:db8::1', 'AUTH EXTERNAL a2lt']),
  )
  expect(refused.map(({ reply }) => reply.code)).toEqual([500])
})

it('writes a reply in one line', () => {
  expect(inOneLine({ code: 550, enhanced: '5.1.1', text: 'No such\nuser' })).toBe('550 5.1.1 No such user')
})
