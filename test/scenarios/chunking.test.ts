// BDAT on whole nodes: what is stored, sent on and left on the disk does not depend on whether a message came by DATA or in chunks.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bdatStream, dataStream } from '../lib/message-stream.ts'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let host: SmtpPeer
beforeEach(async () => {
  world = await startWorld()
  host = await world.destination('far.example')
})
afterEach(() => world.close())

const header = 'From: ann@sender.example\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n'
const envelope = ['MAIL FROM:<ann@sender.example>', 'RCPT TO:<kim@example.org>']

async function session(node: WholeNode): Promise<SmtpDialogue> {
  const client = await node.connect()
  await client.expect(null, '220')
  await client.expect('EHLO client.sender.example', '250')
  return client
}

/** The code of the final reply. */
async function sends(client: SmtpDialogue, stream: Buffer): Promise<number> {
  await client.pipeline(envelope, ['250', '250'])
  client.write(Buffer.concat([stream, Buffer.from('NOOP\r\n')]))
  let code = 0
  for (let reply = await client.reply(); reply.text !== '2.0.0 OK'; reply = await client.reply()) code = reply.code
  return code
}

/** A node of the role srs whose listener treats bare newlines like this. */
function srsNode(bareNewline: 'reject' | 'normalize'): Promise<WholeNode> {
  const shipped = readFileSync(join(import.meta.dirname, '../../roles/srs.yaml'), 'utf8')
  const role = join(world.folder, `srs-${bareNewline}.yaml`)
  const changed = shipped.replace('bare_newline: reject', `bare_newline: ${bareNewline}`)
  expect(changed).toContain(`bare_newline: ${bareNewline}`)
  writeFileSync(role, changed)
  return world.node({ role })
}

/** The field has the time and the queue ID. */
const received = /^Received: .*\r\n(?:[ \t].*\r\n)*/m

describe('a message by BDAT', () => {
  it.each([
    ['lines', 'one\r\ntwo\r\n'],
    ['dots', '.\r\n..\r\n.x\r\n\r\n.\r\nend\r\n'],
    ['a last line without end', 'one\r\n.'],
    ['no body', ''],
    ['8-bit octets and NUL', '\xe9\0\xff\r\n'],
    ['a body in the spool', 'a line of a long body\r\n.\r\n'.repeat(12_000)],
  ])('with %s is sent on as by DATA', async (_name, body) => {
    const node = await srsNode('reject')
    const client = await session(node)
    const message = Buffer.from(`${header}\r\n${body}`, 'latin1')
    const streams = [dataStream(message), bdatStream(message, [message.length]), bdatStream(message, [7, 1, 0, 50])]
    for (const stream of streams) expect(await sends(client, stream)).toBe(250)
    await until(() => host.messages.length === 3, { what: 'the messages to arrive', timeout: 20_000 })
    const [first, ...others] = host.messages.map(({ data }) => data.toString('latin1').replace(received, ''))
    expect(first?.endsWith(body === '' || body.endsWith('\r\n') ? body : `${body}\r\n`)).toBe(true)
    for (const other of others) expect(other).toBe(first)
  })

  const smuggled = 'MAIL FROM:<evil@example.net>\r\nRCPT TO:<kim@example.org>\r\nDATA\r\nowned\r\n.\r\nQUIT\r\n'
  const bare = [
    '\n.\n',
    '\n.\r\n',
    '\r.\r',
    '\r\n.\n',
    '\r\n.\r',
    '\r.\r\n',
    '\r.\n',
    '\n.\r',
    '\r\n.\r\r\n',
    '\n\n.\n',
  ]
  const whole = ['\r\n.\r\n', '\r\n..\r\n', '\r\n.\0\r\n', '\r\n\0.\r\n', '\r\n.\x85\r\n', '\r\n . \r\n']

  it('with a bare CR or LF is refused as by DATA, wherever the chunks end', async () => {
    const node = await srsNode('reject')
    const client = await session(node)
    for (const sequence of bare) {
      const message = Buffer.from(`${header}\r\none${sequence}${smuggled}`, 'latin1')
      const border = message.indexOf(Buffer.from(`one${sequence}`, 'latin1')) + 3
      expect(await sends(client, dataStream(message))).toBe(550)
      for (let part = 0; part <= sequence.length; part++)
        expect(await sends(client, bdatStream(message, [border + part]))).toBe(550)
    }
    expect(node.queue()).toEqual([])
    expect(host.messages).toEqual([])
  })

  it.each(['reject', 'normalize'] as const)('never becomes two messages (bare newlines: %s)', async (mode) => {
    const node = await srsNode(mode)
    const client = await session(node)
    const sequences = mode === 'reject' ? whole : [...whole, ...bare]
    for (const sequence of sequences) {
      const message = Buffer.from(`${header}\r\none${sequence}${smuggled}`, 'latin1')
      const border = message.indexOf(Buffer.from(`one${sequence}`, 'latin1')) + 3
      for (const sizes of [[message.length], [border + 1], [border + sequence.length]])
        expect(await sends(client, bdatStream(message, sizes))).toBe(250)
    }
    const expected = sequences.length * 3
    await until(() => host.messages.length >= expected, { what: 'the messages to arrive', timeout: 20_000 })
    await node.emptied()
    expect(host.messages).toHaveLength(expected)
    for (const { data, mail } of host.messages) {
      const text = data.toString('latin1')
      expect(mail).not.toContain('evil')
      expect(text).toContain('\r\nMAIL FROM:<evil@example.net>\r\n')
      expect(text).not.toMatch(/\r(?!\n)|(?<!\r)\n/)
    }
  })
})

describe('chunks without a last one', () => {
  const chunk = Buffer.concat([
    Buffer.from('BDAT 400000\r\n'),
    Buffer.from(header),
    Buffer.from('\r\n'),
    Buffer.alloc(400_000 - header.length - 2, 'x'),
  ])

  it.each<[string, (client: SmtpDialogue) => Promise<unknown> | void]>([
    ['RSET', (client) => client.expect('RSET', '250')],
    ['EHLO', (client) => client.expect('EHLO again', '250')],
    ['STARTTLS', (client) => client.expect('STARTTLS', '220')],
    ['QUIT', (client) => client.expect('QUIT', '221')],
    ['a refused chunk', (client) => client.expect('BDAT 0 X', '501')],
    ['a chunk without a count', (client) => client.expect('BDAT', '521')],
    ['a chunk that is too large', (client) => client.expect('BDAT 10000000000', '552')],
    ['a disconnect', (client) => client.reset()],
    ['an incomplete chunk', (client) => (client.write('BDAT 5 LAST\r\nabc'), client.end())],
  ])('leave nothing behind after %s', async (_name, end) => {
    const node = await srsNode('reject')
    const client = await session(node)
    await client.pipeline(envelope, ['250', '250'])
    client.write(chunk)
    await client.expect(null, '250 2.0.0')
    await until(() => node.spool().length === 1, { what: 'the file in the spool' })
    await end(client)
    await until(() => node.spool().length === 0, { what: 'the spool to be empty' })
    expect(node.queue()).toEqual([])
    await until(() => node.ledger().some(({ kind }) => kind === 'rejected'), { what: 'the rejection in the ledger' })
    client.reset()
  })
})
