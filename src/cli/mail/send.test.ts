// waypost send: the message goes out octet by octet, and what cannot work is refused before anybody is called.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type SmtpPeer, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import { send } from './send.ts'
import type { SendOptions } from './send.ts'

/** 8-bit text in ISO 8859-1, which is no UTF-8. */
const letter = Buffer.from(
  'Subject: Gr\u00fc\u00dfe\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nK\u00f6ln\r\n',
  'latin1',
)

let folder: string
let peer: SmtpPeer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-send-'))
  writeFileSync(join(folder, 'letter'), letter)
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

it('sends the octets of a file and of standard input as they are', async () => {
  expect(await run({ message: join(folder, 'letter') })).toMatchObject({ code: 0, err: '' })
  expect(await run({ message: '-' }, letter)).toMatchObject({ code: 0, err: '' })
  expect(peer.messages.map(({ data }) => data.toString('latin1'))).toEqual(Array(2).fill(letter.toString('latin1')))
})

it.each([
  [{ via: 'nowhere' }, '--via: found "nowhere", expected host:port'],
  [{ via: '127.0.0.1:99999' }, '--via: found "127.0.0.1:99999", expected host:port'],
  [{ via: '127.0.0.1:0' }, '--via: found "127.0.0.1:0", expected host:port'],
  [{ user: 'lee' }, '--user: found no --password-file beside it, expected a file that holds the password'],
  [{ cert: 'us.pem' }, '--cert: found no --key beside it, expected both'],
  [{ key: 'us.key' }, '--key: found no --cert beside it, expected both'],
])('refuses %j and calls nobody', async (wrong, said) => {
  const before = peer.sessions
  expect(await run(wrong)).toEqual({ code: 2, out: '', err: `${said}\n` })
  expect(peer.sessions).toBe(before)
})

it('prints what the server says without what a terminal would obey', async () => {
  const rude = await startSmtpPeer({ replies: { mail: '550 5.7.1 no \u001b[31mred\u009b0m' } })
  const { code, out } = await run({ via: `127.0.0.1:${rude.port}` })
  await rude.close()
  expect(code).toBe(1)
  expect(out).toContain(String.raw`S: 550 5.7.1 no \u001b[31mred\u009b0m`)
  expect(out).toContain(String.raw`refused (send): 550 5.7.1 no \u001b[31mred`)
  // oxlint-disable-next-line no-control-regex -- the range is the point
  expect(out).not.toMatch(/[\0-\x09\x0b-\x1f\x7f\x9b]/)
})

it('refuses an empty password', async () => {
  const passwordFile = join(folder, 'empty')
  expect(await run({ user: 'lee', passwordFile })).toMatchObject({
    code: 2,
    err: expect.stringContaining('found nothing'),
  })
})
