// waypost send: the message is sent unchanged, and invalid options are rejected before a connection.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type SmtpPeer, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import { send } from './send.ts'
import type { SendOptions } from './send.ts'

/** 8-bit text in ISO 8859-1, which is not valid UTF-8. */
const message = Buffer.from(
  'Subject: Gr\u00fc\u00dfe\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nK\u00f6ln\r\n',
  'latin1',
)

let folder: string
let peer: SmtpPeer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-send-'))
  writeFileSync(join(folder, 'message'), message)
  writeFileSync(join(folder, 'empty'), '\n')
  peer = await startSmtpPeer()
})
afterAll(async () => {
  await peer.close()
  rmSync(folder, { recursive: true, force: true })
})

async function run(options: Partial<SendOptions>, input: Buffer | string = '') {
  const io = captureIo(input)
  const usual = { from: 'ann@sender.example', to: ['kim@example.org'], via: `127.0.0.1:${peer.port}`, subject: 'Test' }
  const code = await send({ ...usual, ...options }, io)
  return { code, out: io.out(), err: io.err() }
}

it('sends a file and standard input unchanged', async () => {
  expect(await run({ message: join(folder, 'message') })).toMatchObject({ code: 0, err: '' })
  expect(await run({ message: '-' }, message)).toMatchObject({ code: 0, err: '' })
  expect(peer.messages.map(({ data }) => data.toString('latin1'))).toEqual(Array(2).fill(message.toString('latin1')))
})

it('lists the rules of large providers that a message breaks', async () => {
  const { out } = await run({ message: join(folder, 'message') })
  expect(out).toContain('sender rules of large providers: 6 broken\n  one-author: From: has no address, expected one\n')
  const found = JSON.parse((await run({ message: join(folder, 'message'), json: true })).out) as {
    senderRules: unknown[]
  }
  expect(found.senderRules).toHaveLength(6)
  expect((await run({})).out).not.toContain('sender rules')
})

it.each([
  [{ via: 'nowhere' }, '--via: found "nowhere", expected a host and port such as mx.example.org:25'],
  [{ via: '127.0.0.1:99999' }, '--via: found "127.0.0.1:99999", expected a host and port such as mx.example.org:25'],
  [{ via: '127.0.0.1:0' }, '--via: found "127.0.0.1:0", expected a host and port such as mx.example.org:25'],
  [{ user: 'lee' }, '--user: found no --password-file, expected both'],
  [{ cert: 'us.pem' }, '--cert: found no --key, expected both'],
  [{ key: 'us.key' }, '--key: found no --cert, expected both'],
])('rejects %j without a connection', async (wrong, reason) => {
  const before = peer.sessions
  expect(await run(wrong)).toEqual({ code: 2, out: '', err: `${reason}\n` })
  expect(peer.sessions).toBe(before)
})

it('escapes control characters in replies of the server', async () => {
  const hostile = await startSmtpPeer({ replies: { mail: '550 5.7.1 no \u001b[31mred\u009b0m' } })
  const { code, out } = await run({ via: `127.0.0.1:${hostile.port}` })
  await hostile.close()
  expect(code).toBe(1)
  expect(out).toContain(String.raw`S: 550 5.7.1 no \u001b[31mred\u009b0m`)
  expect(out).toContain(String.raw`rejected (send): 550 5.7.1 no \u001b[31mred`)
  // oxlint-disable-next-line no-control-regex -- control characters are what it matches
  expect(out).not.toMatch(/[\0-\x09\x0b-\x1f\x7f\x9b]/)
})

it('rejects an empty password', async () => {
  const passwordFile = join(folder, 'empty')
  expect(await run({ user: 'lee', passwordFile })).toMatchObject({
    code: 2,
    err: expect.stringContaining('found nothing'),
  })
})
